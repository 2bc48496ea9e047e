//! Tables: one line per row, cells wrap when the terminal is narrow.

use super::format::printable;
use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, TableStyle};

/// Rows under a header.
#[derive(Debug)]
pub(crate) struct Table(comfy_table::Table);

const STYLE: TableStyle = TableStyle::new()
    .top_border(LineStyle::new('┌', '─', '┬', '┐'))
    .header_lines(ContentLineStyle::new('│', '│', '│'))
    .header_separator(LineStyle::new('├', '─', '┼', '┤'))
    .content_lines(ContentLineStyle::new('│', '│', '│'))
    .bottom_border(LineStyle::new('└', '─', '┴', '┘'));

impl Table {
    /// A table with these column titles.
    pub(crate) fn new<const N: usize>(header: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(header);
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row<I: IntoIterator<Item = S>, S: Into<String>>(&mut self, cells: I) {
        self.0.add_row(cells.into_iter().map(|cell| {
            let cell: String = cell.into();
            // Before the layout, which counts what is seen.
            printable(&cell).into_owned()
        }));
    }

    /// The table as text, at most `width` columns wide.
    pub(crate) fn render(&self, width: usize) -> String {
        let mut table = self.0.clone();
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        table.to_string()
    }
}
