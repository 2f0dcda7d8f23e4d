//! Plans: a rule compiled against one table version, as `connector/rules/serialise.py` writes them in JSON.
//!
//! Whatever this version does not know is `NOT_NATIVE`: then the stream runs on the Python path, never on a guess.

use std::sync::Arc;

use serde_json::Value;

use crate::compare::{Collation, Key, Operand, Scale, SortKeys};
use crate::error::{Code, Error, Result};
use crate::table::{Column, SqlType, Table};
use crate::vindex::Vindex;

/// `serialise.FORMAT`.
const FORMAT: u64 = 2;

/// One rule against one table version.
#[derive(Debug)]
pub struct Plan {
    /// The table version that rows come from.
    pub source: Table,
    /// Output columns that are the primary key, in key order; empty when not all of it is selected.
    pub output_key: Vec<usize>,
    /// Source column of each output column.
    pub projection: Vec<usize>,
    /// A row passes when all are true, judged in this order.
    pub predicate: Vec<Term>,
    /// None: everything goes to partition 0.
    pub routing: Option<Routing>,
}

/// A condition: true, false or unknown.
#[derive(Debug)]
pub enum Term {
    /// column OP literal.
    Compare(Comparison, Operand),
    /// column IN (literals).
    In(In),
    /// column IS \[NOT\] NULL.
    IsNull {
        /// Which one.
        column: usize,
        /// IS NOT NULL.
        negated: bool,
    },
    /// The row's keyspace id lies in the range.
    InKeyRange {
        /// Column and vindex.
        sharding: Sharding,
        /// First id of the range.
        low: Vec<u8>,
        /// First id behind it; empty: no end.
        high: Vec<u8>,
    },
    /// Conjunction.
    And(Vec<Term>),
    /// Disjunction.
    Or(Vec<Term>),
    /// Negation.
    Not(Box<Term>),
    /// Exactly one of two.
    Xor(Box<(Term, Term)>),
    /// A comparison with NULL.
    Unknown,
}

/// SQL's comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// =
    Eq,
    /// !=
    Ne,
    /// <
    Lt,
    /// <=
    Le,
    /// >
    Gt,
    /// >=
    Ge,
}

/// column IN (literals), by how the literals compare.
#[derive(Debug)]
pub struct In {
    /// Literals that compare alike, sorted.
    pub groups: Vec<(Scale, Vec<Key>)>,
    /// The column.
    pub column: usize,
    /// NULL is among the literals: a miss is unknown.
    pub null: bool,
}

/// What a row's keyspace id is made of.
#[derive(Debug)]
pub struct Sharding {
    /// The column.
    pub column: usize,
    /// The function.
    pub vindex: Vindex,
}

/// Which partition of the stream topic a row belongs to.
#[derive(Debug)]
pub struct Routing {
    /// Column and vindex.
    pub sharding: Sharding,
    /// First keyspace id of each partition, ascending.
    pub starts: Vec<Vec<u8>>,
}

impl Plan {
    /// `keys`: for text beyond ASCII. `INTERNAL` for what `serialise` cannot have written, `NOT_NATIVE` for what only
    /// Python knows.
    pub fn parse(json: &str, keys: &SortKeys) -> Result<Arc<Self>> {
        let body: Value = serde_json::from_str(json).map_err(|_| broken("no JSON"))?;
        if body.get("format").and_then(Value::as_u64) != Some(FORMAT) {
            return Err(not_native("a plan of another format"));
        }
        let source = table(field(&body, "source")?)?;
        let width = source.columns.len();
        let projection = indexes(field(&body, "projection")?, width)?;
        let output_key = indexes(field(&body, "output_key")?, projection.len())?;
        let routing = match field(&body, "routing")? {
            Value::Null => None,
            found => Some(Routing {
                sharding: sharding(found, width)?,
                starts: list(field(found, "starts")?)?.iter().map(hex).collect::<Result<_>>()?,
            }),
        };
        let predicate = predicate(field(&body, "predicate")?, width, keys)?;
        Ok(Arc::new(Self { source, output_key, projection, predicate, routing }))
    }
}

// ---- JSON ------------------------------------------------------------------------------------------------------------
#[cold]
fn broken(what: &str) -> Error {
    Error::new(Code::Internal, format!("a plan cannot be read: {what}"))
}

/// An answer, not a failure: the Python path has to do it.
#[cold]
pub fn not_native(what: impl Into<String>) -> Error {
    Error::new(Code::NotNative, what.into())
}

fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value> {
    value.get(name).ok_or_else(|| broken(name))
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().ok_or_else(|| broken("no list"))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| broken("no text"))
}

fn flag(value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| broken("no flag"))
}

fn number(value: &Value) -> Result<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(|| broken("no number"))
}

fn index(value: &Value, width: usize) -> Result<usize> {
    number(value).and_then(|index| if index < width { Ok(index) } else { Err(broken("an index out of range")) })
}

fn indexes(value: &Value, width: usize) -> Result<Vec<usize>> {
    list(value)?.iter().map(|one| index(one, width)).collect()
}

fn hex(value: &Value) -> Result<Vec<u8>> {
    let digits = text(value)?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let nibble = |digit: u8| (digit as char).to_digit(16).ok_or_else(|| broken("no hexadecimal number"));
    if !rest.is_empty() {
        return Err(broken("half a byte"));
    }
    pairs.iter().map(|[high, low]| Ok((nibble(*high)? << 4 | nibble(*low)?) as u8)).collect()
}

fn table(value: &Value) -> Result<Table> {
    let columns = list(field(value, "columns")?)?.iter().map(column).collect::<Result<Vec<_>>>()?;
    Ok(Table {
        database: text(field(value, "database")?)?.to_owned(),
        name: text(field(value, "name")?)?.to_owned(),
        primary_key: indexes(field(value, "primary_key")?, columns.len())?,
        columns,
    })
}

fn column(value: &Value) -> Result<Column> {
    let sql_type = text(field(value, "type")?)?;
    let labels = list(field(value, "labels")?)?;
    Ok(Column {
        name: text(field(value, "name")?)?.to_owned(),
        sql_type: SqlType::parse(sql_type).ok_or_else(|| not_native(format!("columns of type {sql_type}")))?,
        nullable: flag(field(value, "nullable")?)?,
        unsigned: flag(field(value, "unsigned")?)?,
        collation: field(value, "collation")?.as_str().map(str::to_owned),
        length: number(field(value, "length")?)? as u32,
        scale: number(field(value, "scale")?)? as u8,
        labels: labels.iter().map(|label| Ok(text(label)?.to_owned())).collect::<Result<_>>()?,
        generated: flag(field(value, "generated")?)?,
        invisible: flag(field(value, "invisible")?)?,
    })
}

// ---- opcodes ---------------------------------------------------------------------------------------------------------
/// The postfix list as terms. Those of the outermost And stay apart: a row must be dropped by the first that is not
/// true, because a later `in_keyrange` may have no keyspace id for it.
fn predicate(value: &Value, width: usize, keys: &SortKeys) -> Result<Vec<Term>> {
    let mut stack: Vec<Term> = Vec::new();
    for opcode in list(value)? {
        let op = text(field(opcode, "op")?)?;
        let mut pop = |count: usize| {
            let first = stack.len().checked_sub(count).filter(|_| count > 0);
            first.map(|first| stack.split_off(first)).ok_or_else(|| broken("too few results on the stack"))
        };
        let counted = || number(field(opcode, "count")?);
        let term = match op {
            "and" => Term::And(pop(counted()?)?),
            "or" => Term::Or(pop(counted()?)?),
            "not" => pop(1)?.pop().map(|term| Term::Not(Box::new(term))).ok_or_else(|| broken("nothing to negate"))?,
            "xor" => match <[Term; 2]>::try_from(pop(2)?) {
                Ok([left, right]) => Term::Xor(Box::new((left, right))),
                Err(_) => return Err(broken("two results expected")),
            },
            _ => leaf(op, opcode, width, keys)?,
        };
        stack.push(term);
    }
    match stack.pop() {
        None => Ok(Vec::new()),
        Some(_) if !stack.is_empty() => Err(broken("more than one result")),
        Some(Term::And(terms)) => Ok(terms),
        Some(term) => Ok(vec![term]),
    }
}

fn leaf(op: &str, opcode: &Value, width: usize, keys: &SortKeys) -> Result<Term> {
    match op {
        "compare" => {
            let column = index(field(opcode, "column")?, width)?;
            let comparison = match text(field(opcode, "comparison")?)? {
                "=" => Comparison::Eq,
                "!=" => Comparison::Ne,
                "<" => Comparison::Lt,
                "<=" => Comparison::Le,
                ">" => Comparison::Gt,
                ">=" => Comparison::Ge,
                other => return Err(not_native(format!("the operator {other}"))),
            };
            let literal = field(opcode, "literal")?;
            if literal.is_null() {
                return Ok(Term::Unknown);
            }
            let scale = scale(field(opcode, "scale")?, keys)?;
            let key = scale.literal(text(literal)?).ok_or_else(|| broken("a literal of another scale"))?;
            Ok(Term::Compare(comparison, Operand { column, scale, key }))
        }
        "in" => {
            let column = index(field(opcode, "column")?, width)?;
            let mut groups = Vec::new();
            for group in list(field(opcode, "groups")?)? {
                let scale = scale(field(group, "scale")?, keys)?;
                let mut keys = Vec::new();
                for literal in list(field(group, "literals")?)? {
                    keys.push(scale.literal(text(literal)?).ok_or_else(|| broken("a literal of another scale"))?);
                }
                keys.sort_unstable_by(|one, other| scale.order(one, other));
                groups.push((scale, keys));
            }
            Ok(Term::In(In { groups, column, null: flag(field(opcode, "null")?)? }))
        }
        "is_null" => {
            let column = index(field(opcode, "column")?, width)?;
            Ok(Term::IsNull { column, negated: flag(field(opcode, "negated")?)? })
        }
        "in_key_range" => Ok(Term::InKeyRange {
            sharding: sharding(opcode, width)?,
            low: hex(field(opcode, "low")?)?,
            high: hex(field(opcode, "high")?)?,
        }),
        other => Err(not_native(format!("the opcode {other}"))),
    }
}

fn sharding(value: &Value, width: usize) -> Result<Sharding> {
    let name = text(field(value, "vindex")?)?;
    let vindex = Vindex::parse(name).ok_or_else(|| not_native(format!("the vindex {name}")))?;
    match indexes(field(value, "columns")?, width)?.as_slice() {
        [column] => Ok(Sharding { column: *column, vindex }),
        _ => Err(not_native("a vindex of several columns")),
    }
}

fn scale(value: &Value, keys: &SortKeys) -> Result<Scale> {
    Ok(match text(field(value, "kind")?)? {
        "integer" => Scale::Integer,
        "decimal" => Scale::Decimal,
        "double" => Scale::Double,
        "leading_number" => Scale::LeadingNumber,
        "text" => Scale::Text,
        "bytes" => Scale::Bytes,
        "bits" => Scale::Bits,
        "duration" => Scale::Duration,
        "collation" => Scale::Collated(Box::new(Collation {
            levels: list(field(value, "levels")?)?.iter().map(units).collect::<Result<_>>()?,
            pad: field(value, "pad")?.as_u64().map(|unit| unit as u8),
            by_code_point: flag(field(value, "by_code_point")?)?,
            name: text(field(value, "name")?)?.to_owned(),
            place: text(field(value, "place")?)?.to_owned(),
            keys: keys.clone(),
        })),
        other => return Err(not_native(format!("comparisons by {other}"))),
    })
}

/// One level of a collation: what each ASCII character becomes, null = ignored.
fn units(value: &Value) -> Result<Vec<Option<u8>>> {
    list(value)?
        .iter()
        .map(|unit| match unit {
            Value::Null => Ok(None),
            _ => unit.as_u64().and_then(|unit| u8::try_from(unit).ok()).map(Some).ok_or_else(|| broken("no unit")),
        })
        .collect()
}
