//! Runs one plan over row changes: filter and routing, on single cells, before the rest of a row is decoded.
//!
//! Each image is judged alone: a row that leaves the filter is a delete, one that enters it an insert, and a row that
//! moves between shards is a delete in one partition and an insert in another (`connector/rules/evaluate.py`).

use crate::avro::Row;
use crate::error::{Code, Error, Result};
use crate::plan::{Comparison, Plan, Sharding, Term};
use crate::row::{Cell, Scratch};
use crate::vindex::KeyspaceId;

/// Memory of the evaluator, reused from row to row.
#[derive(Debug, Default)]
pub struct EvaluateSpace {
    cell: Scratch,
    key: Vec<u8>,
}

/// What remains of a row change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filtered {
    /// The before image passed; the partition it belongs to.
    pub before: Option<usize>,
    /// The after image passed; the partition it belongs to.
    pub after: Option<usize>,
}

/// What a partition gets of a row change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Partition of the stream topic.
    pub partition: usize,
    /// With the before image.
    pub before: bool,
    /// With the after image.
    pub after: bool,
}

impl Filtered {
    /// One route, or two for a row that moves.
    pub fn routes(self) -> impl Iterator<Item = Route> {
        let (first, second) = match (self.before, self.after) {
            (Some(source), Some(target)) if source == target => {
                (Some(Route { partition: source, before: true, after: true }), None)
            }
            (source, target) => (
                source.map(|partition| Route { partition, before: true, after: false }),
                target.map(|partition| Route { partition, before: false, after: true }),
            ),
        };
        first.into_iter().chain(second)
    }
}

impl Plan {
    /// The change as the plan lets it through, None when nothing passes.
    ///
    /// `VINDEX_UNMAPPABLE`, `COLLATION_UNSUPPORTED`, and errors of decoding a cell.
    pub fn change<R: Row>(
        &self,
        before: Option<&R>,
        after: Option<&R>,
        space: &mut EvaluateSpace,
    ) -> Result<Option<Filtered>> {
        let before = self.passing(before, space)?;
        let after = self.passing(after, space)?;
        if before.is_none() && after.is_none() {
            return Ok(None);
        }
        let before = before.map(|row| self.partition(row, space)).transpose()?;
        let after = after.map(|row| self.partition(row, space)).transpose()?;
        Ok(Some(Filtered { before, after }))
    }

    fn passing<'r, R: Row>(&self, row: Option<&'r R>, space: &mut EvaluateSpace) -> Result<Option<&'r R>> {
        let Some(row) = row else { return Ok(None) };
        for term in &self.predicate {
            if self.truth(term, row, space)? != Some(true) {
                return Ok(None);
            }
        }
        Ok(Some(row))
    }

    fn partition(&self, row: &impl Row, space: &mut EvaluateSpace) -> Result<usize> {
        let Some(routing) = &self.routing else { return Ok(0) };
        self.with_keyspace_id(&routing.sharding, row, space, |id| {
            routing.starts.partition_point(|start| start.as_slice() <= id).saturating_sub(1)
        })
    }

    /// None: unknown.
    fn truth(&self, term: &Term, row: &impl Row, space: &mut EvaluateSpace) -> Result<Option<bool>> {
        match term {
            Term::Compare(comparison, operand) => {
                let cell = row.cell(operand.column, &mut space.cell)?;
                if cell == Cell::Null {
                    return Ok(None);
                }
                operand.scale.judge(cell, &mut space.key, |order| Some(comparison.holds(order(&operand.key))))
            }
            Term::In(list) => {
                let cell = row.cell(list.column, &mut space.cell)?;
                if cell == Cell::Null {
                    return Ok(None);
                }
                for (scale, keys) in &list.groups {
                    let found = scale.judge(cell, &mut space.key, |order| {
                        keys.binary_search_by(|key| order(key).reverse()).is_ok()
                    })?;
                    if found {
                        return Ok(Some(true));
                    }
                }
                Ok(if list.null { None } else { Some(false) })
            }
            Term::IsNull { column, negated } => {
                Ok(Some((row.cell(*column, &mut space.cell)? == Cell::Null) != *negated))
            }
            Term::InKeyRange { sharding, low, high } => self.with_keyspace_id(sharding, row, space, |id| {
                Some(low.as_slice() <= id && (high.is_empty() || id < high.as_slice()))
            }),
            Term::And(terms) => {
                let mut result = Some(true);
                for term in terms {
                    match self.truth(term, row, space)? {
                        Some(false) => return Ok(Some(false)),
                        None => result = None,
                        Some(true) => {}
                    }
                }
                Ok(result)
            }
            Term::Or(terms) => {
                let mut result = Some(false);
                for term in terms {
                    match self.truth(term, row, space)? {
                        Some(true) => return Ok(Some(true)),
                        None => result = None,
                        Some(false) => {}
                    }
                }
                Ok(result)
            }
            Term::Not(term) => Ok(self.truth(term, row, space)?.map(|truth| !truth)),
            Term::Xor(terms) => {
                let (left, right) = (self.truth(&terms.0, row, space)?, self.truth(&terms.1, row, space)?);
                Ok(left.zip(right).map(|(left, right)| left != right))
            }
            Term::Unknown => Ok(None),
        }
    }

    fn with_keyspace_id<T>(
        &self,
        sharding: &Sharding,
        row: &impl Row,
        space: &mut EvaluateSpace,
        judge: impl FnOnce(&[u8]) -> T,
    ) -> Result<T> {
        let cell = row.cell(sharding.column, &mut space.cell)?;
        let id = sharding.vindex.map(cell, &mut space.key);
        match &id {
            Ok(id @ (KeyspaceId::Eight(_) | KeyspaceId::Bytes(_))) => Ok(judge(id.as_bytes())),
            Err(why) => Err(Error::new(Code::VindexUnmappable, *why)
                .with("table", self.source.qualified())
                .with("vindex", sharding.vindex.as_str())),
        }
    }
}

impl Comparison {
    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Ne => order.is_ne(),
            Self::Lt => order.is_lt(),
            Self::Le => order.is_le(),
            Self::Gt => order.is_gt(),
            Self::Ge => order.is_ge(),
        }
    }
}
