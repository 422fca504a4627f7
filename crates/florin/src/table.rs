//! Tables for people: columns as wide as their widest cell.

use crate::screen;

/// Shows a heading and its rows; `none` when there are none.
pub fn show(heading: &[&str], rows: &[Vec<String>], none: &str) {
    if rows.is_empty() {
        screen::show(none);
        return;
    }
    let widths: Vec<usize> = heading.iter().enumerate().map(|(column, name)| width(column, name, rows)).collect();
    screen::show(line(heading.iter().copied(), &widths));
    for row in rows {
        screen::show(line(row.iter().map(String::as_str), &widths));
    }
}

fn width(column: usize, name: &str, rows: &[Vec<String>]) -> usize {
    let cells = rows.iter().filter_map(|row| row.get(column));
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(name.len())
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let padded: Vec<String> = cells.zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    padded.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["1".to_owned(), "längst".to_owned()], vec!["22".to_owned(), "b".to_owned()]];
        assert_eq!([width(0, "n", &rows), width(1, "name", &rows)], [2, 6]);
        assert_eq!(line(["1", "b"].into_iter(), &[2, 6]), "1   b");
    }
}
