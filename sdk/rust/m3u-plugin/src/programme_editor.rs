//! ProgrammeEditor: a chunk of programmes that is changed.
use crate::batch::{ProgrammeBatch, ProgrammeField};
use crate::edits::Edits;
use crate::frame::{copy_runs, count_of, Numbers, View};
use crate::frame_writer::{build, Field};
use crate::memory::Block;

/// Changes a chunk of programmes. Values live until the chunk is given, or are copied (`…_copy`).
pub struct ProgrammeEditor<'a> {
    batch: &'a ProgrammeBatch<'a>,
    edits: Edits<{ ProgrammeBatch::COLUMNS }>,
}

impl<'a> ProgrammeEditor<'a> {
    pub fn new(batch: &'a ProgrammeBatch<'a>) -> Self {
        ProgrammeEditor { batch, edits: Edits::new(batch.rows()) }
    }
    pub fn batch(&self) -> &'a ProgrammeBatch<'a> {
        self.batch
    }
    pub fn set(&mut self, field: ProgrammeField, row: usize, value: &'a str) {
        let (column, old) = (field as usize, self.batch.column(field));
        if self.edits.is_changed(column) || old.get(row) != value {
            self.edits.set(&old, column, row, View::of(value));
        }
    }
    pub fn set_copy(&mut self, field: ProgrammeField, row: usize, value: &str) {
        self.edits.set_copy(&self.batch.column(field), field as usize, row, value);
    }
    pub fn drop_row(&mut self, row: usize) {
        self.edits.drop_row(row);
    }
    pub fn is_unchanged(&self) -> bool {
        !self.edits.any()
    }
    pub fn build(&self) -> Block {
        if !self.edits.dropped.is_empty() {
            return self.build_kept();
        }
        let batch = self.batch;
        let columns = self.edits.lists(&batch.columns);
        build(
            &[
                Field::Rows(batch.rows()),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_bytes(batch.origin, 4)),
                Field::Numbers(Numbers::of_bytes(batch.source, 2)),
                Field::Text,
            ],
            batch.text,
        )
    }

    fn build_kept(&self) -> Block {
        let batch = self.batch;
        let kept = self.edits.kept_rows();
        let set = self.edits.kept_values(&kept);
        let columns = self.edits.kept_lists(&batch.columns, &kept, &set);
        let origin = copy_runs(batch.origin, 4, &kept);
        let source = copy_runs(batch.source, 2, &kept);
        build(
            &[
                Field::Rows(count_of(&kept)),
                Field::Columns(&columns),
                Field::Numbers(Numbers::of_bytes(&origin, 4)),
                Field::Numbers(Numbers::of_bytes(&source, 2)),
                Field::Text,
            ],
            "",
        )
    }
}
