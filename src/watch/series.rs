//! The checkpoints of one training, in the order of its steps.

use std::sync::Arc;

use super::digest::Digest;
use super::figures::{Change, Figures};
use super::step::StepFrom;

/// One checkpoint of the series.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// What it is told apart by; it never changes.
    pub id: u64,
    /// The file, by its path below the watched folder.
    pub file: String,
    /// The step of the training.
    pub step: u64,
    /// Where the step comes from.
    pub step_from: StepFrom,
    /// When the file was written, in nanoseconds since 1970.
    pub modified_ns: u64,
    /// Its quantizer.
    pub quantizer: Digest,
    /// Its figures.
    pub figures: Arc<Figures>,
    /// What changed since the checkpoint before it; `None` for the first, and where that one cannot be read any more.
    pub change: Option<Arc<Change>>,
    /// Whether the file is no more.
    pub is_gone: bool,
    /// Whether the checkpoint before it is another than when `change` was looked for.
    pub(super) is_open: bool,
    /// Whether it was told.
    pub(super) is_told: bool,
    /// The number in the name, by which checkpoints of one step are told apart.
    pub(super) number: Option<u64>,
}

/// All checkpoints so far.
#[derive(Debug, Clone, Default)]
pub struct Series {
    points: Vec<Point>,
}

/// More checkpoints than anybody keeps. Where there are more, every second of the older ones is left out.
const MAX_POINTS: usize = 4096;

impl Series {
    /// The checkpoints, by their steps.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The checkpoint of this id.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&Point> {
        self.points.iter().find(|point| point.id == id)
    }

    /// The checkpoint before the one of this id.
    #[must_use]
    pub fn before(&self, id: u64) -> Option<&Point> {
        let at = self.points.iter().position(|point| point.id == id)?;
        self.points.get(at.checked_sub(1)?)
    }

    /// The last checkpoint of the training.
    #[must_use]
    pub fn newest(&self) -> Option<&Point> {
        self.points.last()
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Point> {
        self.points.iter_mut().find(|point| point.id == id)
    }

    /// The checkpoint that a new one only repeats: the same quantizer, of the same step or of none that the file tells.
    pub(super) fn repeated(&mut self, point: &Point) -> Option<&mut Point> {
        let is_same = |known: &&mut Point| {
            known.quantizer == point.quantizer
                && (known.step == point.step || point.step_from == StepFrom::Order)
        };
        self.points.iter_mut().rev().find(is_same)
    }

    /// Takes out what a new checkpoint stands for as well: what its file held before it was written again for the same step, and a copy that came
    /// first and whose own step nobody knows.
    pub(super) fn take_replaced(&mut self, new: &Point) {
        let is_numbered = new.step_from != StepFrom::Order;
        self.remove(|point| match point.step_from {
            StepFrom::Order => is_numbered && point.quantizer == new.quantizer,
            _ => point.file == new.file && point.step == new.step,
        });
    }

    fn remove(&mut self, is_unwanted: impl Fn(&Point) -> bool) {
        let mut opens = false;
        self.points.retain_mut(|point| {
            let is_kept = !is_unwanted(point);
            if is_kept && std::mem::take(&mut opens) {
                point.is_open = true;
            }
            opens |= !is_kept;
            is_kept
        });
    }

    /// Takes in a checkpoint; it and the one behind it have another one before them now.
    pub(super) fn insert(&mut self, point: Point) {
        if self.points.len() >= MAX_POINTS {
            self.thin();
        }
        let id = point.id;
        let key = |point: &Point| (point.step, point.number, point.modified_ns, point.id);
        let is_by_order = |point: &Point| point.step_from == StepFrom::Order;
        if is_by_order(&point) || self.points.iter().any(is_by_order) {
            self.points.push(point);
            self.number_by_order();
            self.points.sort_by_key(key);
        } else {
            let at = self.points.partition_point(|known| key(known) <= key(&point));
            self.points.insert(at, point);
        }
        let Some(at) = self.points.iter().position(|point| point.id == id) else { return };
        self.points.iter_mut().skip(at).take(2).for_each(|point| point.is_open = true);
    }

    /// Gives those checkpoints a step whose files tell none: that of the last one before them that has one, or where there is none, their place by time.
    fn number_by_order(&mut self) {
        self.points.sort_by_key(|point| (point.modified_ns, point.id));
        let is_numbered = self.points.iter().any(|point| point.step_from != StepFrom::Order);
        let mut last = 0;
        for point in &mut self.points {
            match point.step_from {
                StepFrom::Order if is_numbered => point.step = last,
                StepFrom::Order => {
                    last += 1;
                    point.step = last;
                }
                _ => last = point.step,
            }
        }
    }

    /// Leaves out every second of the older half.
    fn thin(&mut self) {
        let half = self.points.len() / 2;
        let mut nth = 0;
        self.points.retain(|_| {
            nth += 1;
            nth > half || nth % 2 == 1
        });
    }

    /// A file is no more: what was in it stays.
    pub(super) fn file_gone(&mut self, file: &str) {
        self.points.iter_mut().filter(|point| point.file == file).for_each(|point| point.is_gone = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(id: u64, step: u64, step_from: StepFrom) -> Point {
        let figures = Figures {
            frames: 0,
            snr_db: None,
            layers: Vec::new(),
            findings: Vec::new(),
            histograms: Vec::new(),
        };
        Point {
            id,
            file: format!("{id}.pth"),
            step,
            step_from,
            modified_ns: id,
            quantizer: Digest::default(),
            figures: Arc::new(figures),
            change: None,
            is_gone: false,
            is_open: false,
            is_told: false,
            number: None,
        }
    }

    fn steps(series: &Series) -> Vec<(u64, u64)> {
        series.points().iter().map(|point| (point.id, point.step)).collect()
    }

    #[test]
    fn checkpoints_lie_by_their_steps_whenever_they_come() {
        let mut series = Series::default();
        for (id, step) in [(1, 500), (2, 100), (3, 300), (4, 300)] {
            series.insert(point(id, step, StepFrom::File));
        }
        assert_eq!(steps(&series), [(2, 100), (3, 300), (4, 300), (1, 500)]);
        assert_eq!((series.before(1).map(|p| p.id), series.before(2)), (Some(4), None));
        series.points.iter_mut().for_each(|point| point.is_open = false);
        series.insert(point(5, 200, StepFrom::Name));
        let open: Vec<u64> = series.points().iter().filter(|p| p.is_open).map(|p| p.id).collect();
        assert_eq!(open, [5, 3]);
        series.take_replaced(&Point { file: "5.pth".to_owned(), ..point(6, 200, StepFrom::Name) });
        assert_eq!(steps(&series), [(2, 100), (3, 300), (4, 300), (1, 500)]);
        assert_eq!(series.newest().map(|p| p.id), Some(1));
    }

    #[test]
    fn without_numbers_time_decides() {
        let mut series = Series::default();
        for id in [3, 1, 2] {
            series.insert(point(id, 0, StepFrom::Order));
        }
        assert_eq!(steps(&series), [(1, 1), (2, 2), (3, 3)]);
        // Among numbered ones they stand beside the last one before them.
        series.insert(Point { modified_ns: 0, ..point(9, 700, StepFrom::Name) });
        assert_eq!(steps(&series), [(9, 700), (1, 700), (2, 700), (3, 700)]);
    }

    #[test]
    fn a_series_is_bounded() {
        let mut series = Series::default();
        for id in 0..3 * MAX_POINTS as u64 {
            series.insert(point(id, id, StepFrom::Name));
        }
        assert!(series.points().len() <= MAX_POINTS);
        assert_eq!(series.newest().map(|p| p.step), Some(3 * MAX_POINTS as u64 - 1));
        assert!(series.points().is_sorted_by_key(|p| p.step) && series.points()[0].step == 0);
    }
}
