//! A plan ready to run on rows: with the writers of what it selects.

use std::sync::Arc;

use crate::avro::ImageWriter;
use crate::envelope::TableEncoder;
use crate::error::Result;
use crate::plan::Plan;

/// A plan, compiled, with the registry ids of the schemas that its records name.
#[derive(Debug)]
pub struct Bound {
    pub(crate) plan: Arc<Plan>,
    pub(crate) images: ImageWriter,
    pub(crate) schema_id: u32,
    pub(crate) envelope: Option<TableEncoder>,
}

impl Bound {
    /// Compile a plan.
    pub fn new(plan: Arc<Plan>, schema_id: u32, envelope: Option<TableEncoder>) -> Result<Self> {
        let images = ImageWriter::new(&plan.source, &plan.projection)?;
        Ok(Self { plan, images, schema_id, envelope })
    }

    /// How many columns the table has.
    pub fn width(&self) -> usize {
        self.plan.source.columns.len()
    }

    /// Whether output rows have the table's whole primary key.
    pub(crate) fn keyed(&self) -> bool {
        !self.plan.output_key.is_empty()
    }
}
