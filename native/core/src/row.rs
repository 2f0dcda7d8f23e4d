//! Rows of one table version: compiled once into a `RowReader`, then visited in place.
//!
//! A row image is walked once, to find where its cells lie (lengths are checked there); a cell is decoded only when it
//! is asked for, into a `Scratch` that is reused, so that nothing is allocated per row or per cell.

use crate::cell::{CellReader, Cut};
use crate::cursor::Cursor;
use crate::error::{Code, Error, Malformed, Result};
use crate::event::{Rows, RowsKind};
use crate::field_type as ft;
use crate::json::JsonDiffs;
use crate::table::{Table, TableMap};

/// One cell in the value domain of `connector/model/table.py`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// SQL NULL.
    Null,
    /// Signed integers of all widths.
    Int(i64),
    /// Unsigned integers of all widths.
    UInt(u64),
    /// FLOAT.
    Float(f32),
    /// DOUBLE.
    Double(f64),
    /// DECIMAL, temporal types (TIMESTAMP in UTC), YEAR, text, ENUM, SET, JSON: the text MySQL prints.
    Text(&'a str),
    /// BINARY (padded), VARBINARY, BLOB, GEOMETRY, VECTOR; BIT big endian.
    Bytes(&'a [u8]),
    /// Not in the row image (`binlog_row_image` is not FULL); only with `ImagePolicy::Partial`.
    Absent,
}

/// Room for one decoded cell, reused from cell to cell.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Scratch {
    /// An empty one; it grows to the largest cell it has seen.
    pub fn new() -> Self {
        Self::default()
    }
}

/// What to do about row images that lack columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImagePolicy {
    /// `ROW_IMAGE_PARTIAL`.
    Full,
    /// Missing columns are `Cell::Absent`.
    Partial,
}

/// Where one cell lies in the rows event. Events are smaller than 4 GiB.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

const NULL: Span = Span { start: u32::MAX, end: 0 };
const ABSENT: Span = Span { start: u32::MAX, end: 1 };

/// Memory of the row that is being visited; one is enough for all tables.
#[derive(Debug, Default)]
pub struct RowSpace {
    before: Vec<Span>,
    after: Vec<Span>,
    /// Per column of the after image: the span holds JSON differences.
    diffs: Vec<bool>,
}

impl RowSpace {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Reads the rows of one table version.
#[derive(Debug)]
pub struct RowReader {
    qualified: String,
    names: Vec<String>,
    cells: Vec<CellReader>,
    null_bytes: usize,
    json_columns: usize,
    policy: ImagePolicy,
}

impl RowReader {
    /// Compiles the readers. `table` must be the version that `table_map` describes.
    ///
    /// `SCHEMA_MISMATCH` when they have different columns, or a type or character set that nobody knows.
    pub fn new(table_map: &TableMap, table: &Table, policy: ImagePolicy) -> Result<Self> {
        let qualified = table.qualified();
        if table_map.columns.len() != table.columns.len() {
            let what = format!("the binlog has {} columns, the table {}", table_map.columns.len(), table.columns.len());
            return Err(Error::new(Code::SchemaMismatch, what).with("table", qualified));
        }
        let mut cells = Vec::with_capacity(table.columns.len());
        for (mapped, column) in table_map.columns.iter().zip(&table.columns) {
            cells.push(CellReader::new(mapped, column).map_err(|why| {
                Error::new(Code::SchemaMismatch, why.message().to_owned())
                    .with("column", format_args!("{qualified}.{}", column.name))
            })?);
        }
        Ok(Self {
            names: table.columns.iter().map(|column| column.name.clone()).collect(),
            null_bytes: cells.len().div_ceil(8),
            json_columns: table_map.columns.iter().filter(|column| column.code == ft::JSON).count(),
            cells,
            qualified,
            policy,
        })
    }

    /// How many columns a row has.
    pub fn columns(&self) -> usize {
        self.cells.len()
    }

    /// Begin to visit the rows of an event of this table.
    ///
    /// `BINLOG_CORRUPT` for a broken header, `ROW_IMAGE_PARTIAL` by policy.
    pub fn rows<'r>(&'r self, event: &'r Rows<'_>, space: &'r mut RowSpace) -> Result<RowChanges<'r>> {
        let body = event.body.as_ref();
        let mut cursor = Cursor::new(body);
        let header = self.header(&mut cursor, event).map_err(|why| match why {
            HeaderError::Malformed(why) => {
                self.corrupt(format!("a rows event is cut in its header: {}", why.message()))
            }
            HeaderError::Error(error) => error,
        })?;
        let at = body.len() - cursor.left();
        let nothing = header.first.is_empty() && header.second.is_empty();
        if nothing && at < body.len() {
            return Err(self.corrupt("a rows event without columns has rows".into()));
        }
        Ok(RowChanges { reader: self, kind: event.kind, data: body, at, header, empty_row: nothing, space })
    }

    fn header<'r>(
        &self,
        cursor: &mut Cursor<'r>,
        event: &Rows<'_>,
    ) -> std::result::Result<ImageColumns<'r>, HeaderError> {
        cursor.take(8)?; // table id, flags
        if event.version == 2 {
            let extra = usize::from(cursor.u16()?);
            let extra = extra.checked_sub(2).ok_or_else(|| Malformed::cut("negative length of the extra data"))?;
            cursor.take(extra)?; // partition ids, NDB
        }
        let count = cursor.lenenc()?;
        if count != self.cells.len() as u64 {
            let what = format!("a rows event has {count} columns, its table map {}", self.cells.len());
            return Err(HeaderError::Error(self.corrupt(what)));
        }
        let first = self.present(cursor)?;
        let second = match event.kind {
            RowsKind::Update | RowsKind::PartialUpdate => self.present(cursor)?,
            RowsKind::Insert | RowsKind::Delete => Present::NONE,
        };
        Ok(ImageColumns { first, second })
    }

    /// A bitmap of the columns that are in an image.
    fn present<'r>(&self, cursor: &mut Cursor<'r>) -> std::result::Result<Present<'r>, HeaderError> {
        let bitmap = cursor.take(self.null_bytes)?;
        let count = self.cells.len();
        let present = (0..count).filter(|index| bit(bitmap, *index)).count();
        if present == count {
            return Ok(Present::All);
        }
        match self.policy {
            ImagePolicy::Partial => Ok(Present::Some { bitmap, count: present }),
            ImagePolicy::Full => {
                let what = format!("{present} of {count} columns are in the row image");
                Err(HeaderError::Error(Error::new(Code::RowImagePartial, what).with("table", &self.qualified)))
            }
        }
    }

    /// Find the cells of the image at `at`; returns where the next image begins.
    fn walk(&self, data: &[u8], mut at: usize, present: Present<'_>, spans: &mut Vec<Span>) -> WalkResult {
        spans.clear();
        let null_bytes = match present {
            Present::All => self.null_bytes,
            Present::Some { count, .. } => count.div_ceil(8),
        };
        let Some(nulls) = data.get(at..).and_then(|rest| rest.get(..null_bytes)) else {
            return Err((0, Cut));
        };
        at += null_bytes;
        let mut position = 0; // among the columns that are there
        for (index, reader) in self.cells.iter().enumerate() {
            if let Present::Some { bitmap, .. } = present
                && !bit(bitmap, index)
            {
                spans.push(ABSENT);
                continue;
            }
            if bit(nulls, position) {
                spans.push(NULL);
            } else {
                let (start, end) = reader.layout.locate(data, at).map_err(|cut| (index, cut))?;
                spans.push(Span { start: start as u32, end: end as u32 });
                at = end;
            }
            position += 1;
        }
        Ok(at)
    }

    #[cold]
    fn cut(&self, column: usize) -> Error {
        self.corrupt(format!("a row is cut in column {}", self.names.get(column).map_or("", String::as_str)))
    }

    #[cold]
    fn corrupt(&self, what: String) -> Error {
        Error::new(Code::BinlogCorrupt, what).with("table", &self.qualified)
    }

    #[cold]
    fn undecodable(&self, column: usize, why: &Malformed) -> Error {
        let (sql_type, name) = (self.cells.get(column).map_or("", |cell| cell.sql_type.as_str()), self.name(column));
        Error::new(Code::ValueUndecodable, format!("{sql_type} value cannot be decoded: {}", why.message()))
            .with("column", format_args!("{}.{name}", self.qualified))
    }

    fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }
}

/// Where the image ends, or the column in which the data ends.
type WalkResult = std::result::Result<usize, (usize, Cut)>;

enum HeaderError {
    Malformed(Malformed),
    Error(Error),
}

impl From<Malformed> for HeaderError {
    fn from(why: Malformed) -> Self {
        Self::Malformed(why)
    }
}

#[derive(Clone, Copy, Debug)]
enum Present<'a> {
    All,
    Some { bitmap: &'a [u8], count: usize },
}

impl Present<'_> {
    /// No image, or an image without any column.
    const NONE: Self = Self::Some { bitmap: &[], count: 0 };

    fn is_empty(self) -> bool {
        matches!(self, Self::Some { count: 0, .. })
    }
}

#[derive(Clone, Copy, Debug)]
struct ImageColumns<'a> {
    first: Present<'a>,
    second: Present<'a>,
}

/// Bit `index` of a bitmap, lowest first; a bitmap that is too short has zeros.
fn bit(bitmap: &[u8], index: usize) -> bool {
    bitmap.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
}

/// The rows of one event, one after the other.
#[derive(Debug)]
pub struct RowChanges<'r> {
    reader: &'r RowReader,
    kind: RowsKind,
    data: &'r [u8],
    at: usize,
    header: ImageColumns<'r>,
    /// An image without any column (`INSERT INTO t VALUES ()` with MINIMAL images) has no bytes: it is the only row.
    empty_row: bool,
    space: &'r mut RowSpace,
}

/// One changed row: before only = delete, after only = insert, both = update.
#[derive(Clone, Copy, Debug)]
pub struct Change<'r> {
    /// The row as it was.
    pub before: Option<RowImage<'r>>,
    /// The row as it is.
    pub after: Option<RowImage<'r>>,
}

impl RowChanges<'_> {
    /// The next row; None after the last. An error in the last row comes after the rows before it.
    ///
    /// `BINLOG_CORRUPT` when the event ends inside a row. Not an `Iterator`: a row is gone when the next is asked for.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Change<'_>>> {
        if self.at >= self.data.len() && !std::mem::take(&mut self.empty_row) {
            return Ok(None);
        }
        let Self { reader, data, header, .. } = *self;
        let cut = |(column, Cut): (usize, Cut)| reader.cut(column);
        let first = match self.kind {
            RowsKind::Insert => &mut self.space.after,
            _ => &mut self.space.before,
        };
        self.at = reader.walk(data, self.at, header.first, first).map_err(cut)?;
        self.space.diffs.clear();
        match self.kind {
            RowsKind::Insert | RowsKind::Delete => {}
            RowsKind::Update => {
                self.at = reader.walk(data, self.at, header.second, &mut self.space.after).map_err(cut)?;
            }
            RowsKind::PartialUpdate => self.partial_after()?,
        }
        let before = RowImage { reader, data, spans: &self.space.before, base: None };
        let after = RowImage {
            reader,
            data,
            spans: &self.space.after,
            base: (!self.space.diffs.is_empty())
                .then_some(Base { spans: &self.space.before, diffs: &self.space.diffs }),
        };
        Ok(Some(match self.kind {
            RowsKind::Insert => Change { before: None, after: Some(after) },
            RowsKind::Delete => Change { before: Some(before), after: None },
            RowsKind::Update | RowsKind::PartialUpdate => Change { before: Some(before), after: Some(after) },
        }))
    }

    /// The after image of a PARTIAL_UPDATE_ROWS event: which JSON columns are differences, then the image.
    fn partial_after(&mut self) -> Result<()> {
        let reader = self.reader;
        let mut cursor = Cursor::new(self.data.get(self.at..).unwrap_or_default());
        let broken = |why: Malformed| reader.corrupt(format!("a partial row is cut: {}", why.message()));
        let options = cursor.lenenc().map_err(broken)?;
        if options & !1 != 0 {
            let what = format!("row value options {options:#x} are not supported");
            return Err(Error::new(Code::BinlogEventUnsupported, what).with("table", &reader.qualified));
        }
        if options & 1 == 1 {
            let bits = cursor.take(reader.json_columns.div_ceil(8)).map_err(broken)?;
            // One bit for each JSON column of the table, whether it is in the image or not.
            let mut json_column = 0;
            for cell in &reader.cells {
                let is_json = cell.is_json();
                self.space.diffs.push(is_json && bit(bits, json_column));
                json_column += usize::from(is_json);
            }
        }
        let at = self.data.len() - cursor.left();
        self.at = reader
            .walk(self.data, at, self.header.second, &mut self.space.after)
            .map_err(|(column, Cut)| reader.cut(column))?;
        Ok(())
    }
}

/// One row image inside its event.
#[derive(Clone, Copy, Debug)]
pub struct RowImage<'r> {
    reader: &'r RowReader,
    data: &'r [u8],
    spans: &'r [Span],
    base: Option<Base<'r>>,
}

/// What JSON differences of an after image apply to.
#[derive(Clone, Copy, Debug)]
struct Base<'r> {
    spans: &'r [Span],
    diffs: &'r [bool],
}

impl<'r> RowImage<'r> {
    /// How many columns the row has.
    pub fn columns(&self) -> usize {
        self.spans.len()
    }

    /// Whether the cell is NULL; costs nothing.
    pub fn is_null(&self, column: usize) -> bool {
        self.spans.get(column).is_some_and(|span| span.start == u32::MAX && span.end == NULL.end)
    }

    /// Whether the cell is in the image; costs nothing.
    pub fn is_absent(&self, column: usize) -> bool {
        self.spans.get(column).is_none_or(|span| span.start == u32::MAX && span.end == ABSENT.end)
    }

    /// Whether the cell is stored as differences from the before image's document.
    pub fn is_diff(&self, column: usize) -> bool {
        self.base.is_some_and(|base| base.diffs.get(column).copied().unwrap_or_default())
    }

    /// The stored bytes of a cell without their length; None for NULL and absent cells. Two images of one table whose
    /// raw bytes are equal have equal cells (differences aside: see `is_diff`).
    pub fn raw(&self, column: usize) -> Option<&'r [u8]> {
        stored(self.data, self.spans, column)
    }

    /// The cell's decoder: its type, for encoders that take numbers instead of text (see `temporal`, `decimal`).
    pub fn reader(&self, column: usize) -> Option<&'r CellReader> {
        self.reader.cells.get(column)
    }

    /// The value of one cell. Borrows from the event where it can, else from `scratch`.
    ///
    /// `VALUE_UNDECODABLE`, naming the column; `ROW_IMAGE_PARTIAL` for JSON differences without their document.
    #[inline]
    pub fn cell<'s>(&self, column: usize, scratch: &'s mut Scratch) -> Result<Cell<'s>>
    where
        'r: 's,
    {
        let Some(data) = self.raw(column) else {
            return Ok(if self.is_null(column) { Cell::Null } else { Cell::Absent });
        };
        if self.is_diff(column) {
            return self.patched(column, data, scratch);
        }
        let Some(reader) = self.reader.cells.get(column) else { return Ok(Cell::Absent) };
        reader.read(data, scratch).map_err(|why| self.reader.undecodable(column, &why))
    }

    /// JSON differences applied to the before image's document.
    fn patched<'s>(&self, column: usize, diffs: &[u8], scratch: &'s mut Scratch) -> Result<Cell<'s>> {
        let document = self.base.and_then(|base| stored(self.data, base.spans, column));
        let Some(document) = document else {
            let what = "JSON differences without the document they belong to";
            let column = format!("{}.{}", self.reader.qualified, self.reader.name(column));
            return Err(Error::new(Code::RowImagePartial, what).with("column", column));
        };
        scratch.text.clear();
        JsonDiffs::new(diffs)
            .apply(document, &mut scratch.text)
            .map_err(|why| self.reader.undecodable(column, &why))?;
        Ok(Cell::Text(&scratch.text))
    }
}

fn stored<'r>(data: &'r [u8], spans: &[Span], column: usize) -> Option<&'r [u8]> {
    let span = spans.get(column)?;
    data.get(span.start as usize..span.end as usize)
}
