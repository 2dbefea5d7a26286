//! The table that a comparison prints: our figure, the peer's, their ratio, and the bar that ours must stay under.

use std::fmt;

use crate::markdown;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Microseconds,
    Milliseconds,
    Megabytes,
    PerSecond,
    /// A figure without a unit, such as an error or a share.
    Plain,
}

/// What our figure must stay under, or reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bar {
    /// This many times the peer's figure.
    TimesPeer(f64),
    /// This figure, in the row's unit.
    AtMost(f64),
    /// This many times the peer's figure, or more.
    AtLeastTimesPeer(f64),
    /// This figure or more, in the row's unit.
    AtLeast(f64),
    /// Nothing: the row is there to be read.
    None,
}

/// One measured thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub what: String,
    pub unit: Unit,
    pub ours: f64,
    pub peer: Option<f64>,
    pub bar: Bar,
}

/// The rows of one comparison. Its text is Markdown, so that it can stand in a README as it was printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub title: String,
    /// Who the peer is in this table.
    pub peer: &'static str,
    pub rows: Vec<Row>,
}

impl Row {
    /// A row to be read, without a bar.
    pub fn figure(what: impl Into<String>, unit: Unit, ours: f64) -> Self {
        Self { what: what.into(), unit, ours, peer: None, bar: Bar::None }
    }

    /// Puts the peer's figure beside ours.
    pub fn beside(self, peer: Option<f64>) -> Self {
        Self { peer, ..self }
    }

    /// Sets the bar.
    pub fn under(self, bar: Bar) -> Self {
        Self { bar, ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.peer.filter(|&peer| peer > 0.0).map(|peer| self.ours / peer)
    }

    /// Whether our figure meets the bar; nothing where there is no bar or no peer to measure it by.
    pub fn is_met(&self) -> Option<bool> {
        match self.bar {
            Bar::TimesPeer(times) => self.ratio().map(|ratio| ratio <= times),
            Bar::AtMost(figure) => Some(self.ours <= figure),
            Bar::AtLeastTimesPeer(times) => self.ratio().map(|ratio| ratio >= times),
            Bar::AtLeast(figure) => Some(self.ours >= figure),
            Bar::None => None,
        }
    }
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::Microseconds => format!("{figure:.0} µs"),
            Self::Milliseconds if figure < 10.0 => format!("{figure:.2} ms"),
            Self::Milliseconds if figure < 100.0 => format!("{figure:.1} ms"),
            Self::Milliseconds => format!("{figure:.0} ms"),
            Self::Megabytes => format!("{figure:.0} MB"),
            Self::PerSecond if figure < 100.0 => format!("{figure:.1}/s"),
            Self::PerSecond => format!("{figure:.0}/s"),
            Self::Plain if figure < 1.0 => format!("{figure:.4}"),
            Self::Plain if figure < 100.0 => format!("{figure:.2}"),
            Self::Plain => format!("{figure:.0}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = self.rows.iter().map(|row| {
            let show = |figure| row.unit.show(figure);
            let bar = match row.bar {
                Bar::TimesPeer(times) => format!("≤ {times}×"),
                Bar::AtMost(figure) => format!("≤ {}", show(figure)),
                Bar::AtLeastTimesPeer(times) => format!("≥ {times}×"),
                Bar::AtLeast(figure) => format!("≥ {}", show(figure)),
                Bar::None => String::new(),
            };
            let met = match row.is_met() {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            let ratio = row.ratio().map_or(String::new(), |ratio| format!("{ratio:.3}×"));
            [row.what.clone(), show(row.ours), row.peer.map_or(String::new(), show), ratio, bar, met.to_owned()]
        });
        markdown::write(f, &self.title, ["", "Clearcut", self.peer, "ratio", "bar", "met"], cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_ratios_and_whether_the_bars_are_met() {
        let row = |what: &str, ours| Row::figure(what, Unit::Milliseconds, ours);
        let table = Table {
            title: "Warm".to_owned(),
            peer: "rembg",
            rows: vec![
                row("one photo", 50.0).beside(Some(200.0)).under(Bar::TimesPeer(0.5)),
                row("alone", 1300.0).under(Bar::AtMost(1200.0)),
                row("decode", 1.25),
            ],
        };
        let expected = "\
### Warm

|           | Clearcut |  rembg |  ratio |       bar | met |
|-----------|---------:|-------:|-------:|----------:|----:|
| one photo |  50.0 ms | 200 ms | 0.250× |    ≤ 0.5× | yes |
| alone     |  1300 ms |        |        | ≤ 1200 ms |  NO |
| decode    |  1.25 ms |        |        |           |     |
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn a_bar_by_the_peer_says_nothing_without_a_peer() {
        let row = Row::figure("warm", Unit::Milliseconds, 50.0).under(Bar::TimesPeer(0.5));
        assert_eq!(row.is_met(), None);
        assert_eq!(row.beside(Some(90.0)).is_met(), Some(false));
    }
}
