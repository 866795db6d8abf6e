//! A table for people: columns side by side where they fit, one row below the other where they do not.
//!
//! Nothing is cut: ids and ARNs are there to be copied. Every cell goes through [`harmless`].

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::harmless;
use super::terminal::Layout;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// What stands between two columns.
const GUTTER: &str = "  ";

/// Writes rows of cells under the names of their columns, and how many there are.
///
/// # Errors
/// What the writer says.
pub fn write(columns: &[String], rows: &[Vec<String>], layout: &Layout, out: &mut dyn Write) -> io::Result<()> {
    let (bold, dim) = if layout.color { (BOLD, DIM) } else { (Style::new(), Style::new()) };
    let names: Vec<_> = columns.iter().map(|name| harmless(name)).collect();
    let mut widths: Vec<usize> = names.iter().map(|name| name.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = harmless(cell).width().max(*width);
        }
    }
    let whole = widths.iter().sum::<usize>() + GUTTER.len() * widths.len().saturating_sub(1);
    if whole <= layout.width {
        line(names.iter().map(AsRef::as_ref), &widths, bold, out)?;
        for row in rows {
            let cells: Vec<_> = row.iter().map(|cell| harmless(cell)).collect();
            line(cells.iter().map(AsRef::as_ref), &widths, Style::new(), out)?;
        }
    } else {
        let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        for row in rows {
            for (name, cell) in names.iter().zip(row) {
                let space = " ".repeat(width - name.width());
                writeln!(out, "{}", format!("{bold}{name}{bold:#}{space}{GUTTER}{}", harmless(cell)).trim_end())?;
            }
            writeln!(out)?;
        }
    }
    let rows = if rows.len() == 1 { "1 row".to_owned() } else { format!("{} rows", rows.len()) };
    writeln!(out, "{dim}{rows}{dim:#}")
}

/// Cells side by side, without spaces at the end.
fn line<'a>(
    cells: impl Iterator<Item = &'a str>,
    widths: &[usize],
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut text = String::new();
    for (at, (cell, width)) in cells.zip(widths).enumerate() {
        if at > 0 {
            text.push_str(GUTTER);
        }
        text.push_str(cell);
        text.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    }
    writeln!(out, "{style}{}{style:#}", text.trim_end())
}
