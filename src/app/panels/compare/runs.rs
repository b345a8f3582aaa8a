//! The runs that can be compared, and which of them are drawn.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use egui::Color32;

use crate::app::Palette;
use crate::session::Session;
use crate::training::{History, Run, RunSummary};

/// What a run is shown by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is under way, as this training of the comparison.
    UnderWay(usize),
    /// It is over, and this one of the runs that are kept.
    Kept(usize),
}

/// A run that can be compared.
pub struct Row {
    /// The run. Its history stays with the session, which goes on writing to it.
    pub run: Arc<Run>,
    /// Where the session has it.
    pub place: Place,
    /// Its figures.
    pub summary: RunSummary,
    /// Its place among those that are drawn, which gives its colour; `None` for one that is left out.
    pub drawn: Option<usize>,
}

/// All of them.
#[derive(Default)]
pub struct Runs {
    rows: Vec<Row>,
    /// What the user ticked or not, by the run's name.
    ticked: BTreeMap<String, bool>,
    summaries: BTreeMap<String, (Arc<Run>, RunSummary)>,
    revision: Option<u64>,
}

impl Row {
    /// The steps of the run.
    pub fn history<'a>(&self, session: &'a Session) -> &'a History {
        static NONE: LazyLock<History> = LazyLock::new(History::default);
        let found = match self.place {
            Place::UnderWay(nth) => session.compared_history(nth),
            Place::Kept(nth) => session.runs().get(nth).map(|view| &*view.history),
        };
        found.unwrap_or(&NONE)
    }

    /// The colour of its curve, where it is drawn.
    pub fn color(&self, palette: &Palette) -> Option<Color32> {
        self.drawn.map(|nth| palette.layer(nth))
    }
}

impl Runs {
    /// Takes in what the session has: trainings that are compared just now, then the runs that are over, the newest first.
    pub fn refresh(&mut self, session: &Session) {
        if self.revision == Some(session.revision()) {
            return;
        }
        self.revision = Some(session.revision());
        let under_way: Vec<_> = session.compared().map(|(nth, view)| (Place::UnderWay(nth), view)).collect();
        let newest = match under_way.first() {
            Some((_, view)) => group(&view.run.name).to_owned(),
            None => session.runs().last().map_or(String::new(), |view| group(&view.run.name).to_owned()),
        };
        let kept = session.runs().iter().enumerate().map(|(nth, view)| (Place::Kept(nth), view.clone()));
        let mut kept: Vec<_> = kept.collect();
        // Of one comparison in their order, comparisons and single runs with the newest first.
        kept.sort_by_key(|(place, view)| {
            let Place::Kept(nth) = *place else { return (0, 0) };
            let first = session.runs().iter().position(|v| group(&v.run.name) == group(&view.run.name));
            (usize::MAX - first.unwrap_or(nth), nth)
        });
        let Self { rows, ticked, summaries, .. } = self;
        rows.clear();
        let mut drawn = 0;
        for (place, view) in under_way.into_iter().chain(kept) {
            let name = &view.run.name;
            // A comparison is seen on its own at first; single runs are all seen.
            let usual = group(name) == newest || (newest.is_empty() && group(name).is_empty());
            let on = ticked.get(name).copied().unwrap_or(usual);
            let known = summaries.get(name).filter(|(run, _)| Arc::ptr_eq(run, &view.run));
            let summary = match known {
                Some((_, summary)) => summary.clone(),
                None => {
                    let summary = RunSummary::of(&view.run, &view.history);
                    summaries.insert(name.clone(), (view.run.clone(), summary.clone()));
                    summary
                }
            };
            rows.push(Row { run: view.run, place, summary, drawn: on.then_some(drawn) });
            drawn += usize::from(on);
        }
        summaries.retain(|name, _| rows.iter().any(|row| row.run.name == *name));
    }

    /// Draws a run, or leaves it out.
    pub fn tick(&mut self, name: &str, on: bool) {
        self.ticked.insert(name.to_owned(), on);
        self.revision = None;
    }

    /// Every run.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Those that are drawn.
    pub fn drawn(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.drawn.is_some())
    }
}

/// The comparison that a run belongs to; nothing for a single run.
fn group(name: &str) -> &str {
    name.split_once(": ").map_or("", |(group, _)| group)
}
