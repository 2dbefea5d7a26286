//! Tables as text: Markdown that is also aligned for the eye, so that it can stand in a README as it was printed.

use std::fmt;

/// Writes a title and a table. The first column is aligned to the left, all others to the right.
pub fn write<const COLUMNS: usize>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> fmt::Result {
    let lines: Vec<[String; COLUMNS]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0));
    writeln!(f, "### {title}\n")?;
    for (index, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            if column == 0 { write!(f, "| {cell:<width$} |")? } else { write!(f, " {cell:>width$} |")? }
        }
        writeln!(f)?;
        if index == 0 {
            let figures = widths.iter().skip(1).map(|width| format!("{}:|", "-".repeat(width + 1)));
            writeln!(f, "|{}|{}", "-".repeat(widths[0] + 2), figures.collect::<String>())?;
        }
    }
    Ok(())
}
