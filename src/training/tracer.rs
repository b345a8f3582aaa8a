//! How the history of single codes is made, step by step.

use std::sync::Arc;

use crate::rvq::{Rvq, RvqError};
use crate::text::msg;

use super::code_trace::{CodeSnapshot, CodeTrace, narrow};

/// The history of single codes, with what has happened since its last snapshot.
///
/// Snapshots are shared with the runs that were published before, so that handing them over copies none.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracer {
    trace: Arc<CodeTrace>,
    /// How far each row has moved since the last snapshot, in the steps that did not replace it.
    moved: Vec<f64>,
    /// How often each code was replaced since.
    replaced: Vec<u32>,
}

/// What has happened to the codes of one layer since the last snapshot.
pub(super) struct Since<'a> {
    moved: &'a mut [f64],
    replaced: &'a mut [u32],
}

impl Tracer {
    /// One that begins behind step `from`; `None` where `rvq` has too many codes.
    pub(super) fn begin(rvq: &Rvq, from: u64) -> Option<Self> {
        let trace = CodeTrace::begin(rvq, from)?;
        let num_codes = trace.num_codes();
        Some(Self { trace: Arc::new(trace), moved: vec![0.0; num_codes], replaced: vec![0; num_codes] })
    }

    /// One that goes on behind `trace`, since whose last snapshot rows have moved and codes were replaced so much.
    ///
    /// # Errors
    /// They are of another number of codes, or a movement is not a number.
    pub fn from_parts(trace: Arc<CodeTrace>, moved: Vec<f64>, replaced: Vec<u32>) -> Result<Self, RvqError> {
        let lens = [moved.len(), replaced.len()];
        if lens != [trace.num_codes(); 2] || moved.iter().any(|moved| moved.is_nan()) {
            return Err(RvqError::Shape(msg!("err-trace-last")));
        }
        Ok(Self { trace, moved, replaced })
    }

    /// The history as it stands.
    #[must_use]
    pub fn trace(&self) -> &Arc<CodeTrace> {
        &self.trace
    }

    /// How far each row has moved since the last snapshot.
    #[must_use]
    pub fn moved(&self) -> &[f64] {
        &self.moved
    }

    /// How often each code was replaced since the last snapshot.
    #[must_use]
    pub fn replaced(&self) -> &[u32] {
        &self.replaced
    }

    /// Where the next step of layer `layer_idx` is noted.
    pub(super) fn layer(&mut self, layer_idx: usize) -> Option<Since<'_>> {
        let codes = self.trace.codes_of_layer(layer_idx);
        let moved = self.moved.get_mut(codes.clone())?;
        Some(Since { moved, replaced: self.replaced.get_mut(codes)? })
    }

    /// Takes a snapshot behind `step` where one is due.
    pub(super) fn end_step(&mut self, step: u64, rvq: &Rvq) {
        if !step.is_multiple_of(self.trace.every) {
            return;
        }
        if self.trace.snapshots.len() >= self.trace.capacity() {
            self.thin();
        }
        if !step.is_multiple_of(self.trace.every) {
            return;
        }
        let sizes = rvq.layers().iter().flat_map(|layer| layer.codebook.cluster_size());
        let snapshot = CodeSnapshot {
            step,
            sizes: sizes.map(|&size| size as f32).collect(),
            moved: self.moved.iter().map(|&moved| narrow(moved)).collect(),
            replaced: self.replaced.clone(),
        };
        self.moved.fill(0.0);
        self.replaced.fill(0);
        Arc::make_mut(&mut self.trace).snapshots.push(Arc::new(snapshot));
    }

    /// Doubles the distance of snapshots. What those that are dropped have told goes to the next one, or back to what is still to be told.
    fn thin(&mut self) {
        let trace = Arc::make_mut(&mut self.trace);
        trace.every = trace.every.saturating_mul(2);
        let mut kept = Vec::with_capacity(trace.capacity());
        let mut dropped: Option<Arc<CodeSnapshot>> = None;
        for next in trace.snapshots.drain(..) {
            let next = match dropped.take() {
                Some(before) => Arc::new(next.joined(&before)),
                None => next,
            };
            if next.step.is_multiple_of(trace.every) {
                kept.push(next);
            } else {
                dropped = Some(next);
            }
        }
        trace.snapshots = kept;
        if let Some(last) = dropped {
            self.moved.iter_mut().zip(&last.moved).for_each(|(sum, &moved)| *sum += f64::from(moved));
            let counts = self.replaced.iter_mut().zip(&last.replaced);
            counts.for_each(|(sum, &count)| *sum = sum.saturating_add(count));
        }
    }
}

impl Since<'_> {
    /// Notes a step: how far each row moved relative to its length, and the codes that it replaced. What replaced a row did not move it.
    pub(super) fn note(&mut self, drifts: &[f32], replaced: &[u32]) {
        let Self { moved, replaced: counts } = self;
        let places = || replaced.iter().map(|&code| code as usize);
        // Taken back below: so the loop over all codes asks nothing, which makes it a small part of a step.
        let before: Vec<f64> = places().map(|code| moved.get(code).copied().unwrap_or(0.0)).collect();
        for (sum, &drift) in moved.iter_mut().zip(drifts) {
            *sum += if drift.is_finite() { f64::from(drift) } else { 0.0 };
        }
        for (code, before) in places().zip(before) {
            if let (Some(sum), Some(count)) = (moved.get_mut(code), counts.get_mut(code)) {
                *sum = before;
                *count = count.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rvq::Codebook;
    use ndarray::{Array1, Array2};

    /// Layers of one and of two codes; the size of each code is the step and its number.
    fn rvq(step: u64) -> Rvq {
        let layer = |first: usize, codes: usize| {
            let sizes = Array1::from_shape_fn(codes, |code| step as f64 + 1e3 * (first + code) as f64);
            let rows = Array2::ones((codes, 2));
            Codebook::new(rows.clone(), sizes, rows.mapv(f64::from)).unwrap().into()
        };
        Rvq::new(vec![layer(0, 1), layer(1, 2)]).unwrap()
    }

    /// Moves every row by a tenth of its length, and replaces the last code in every third step.
    fn step(tracer: &mut Tracer, step: u64) {
        tracer.layer(0).unwrap().note(&[0.1], &[]);
        tracer.layer(1).unwrap().note(&[0.1, 0.1], if step.is_multiple_of(3) { &[1] } else { &[] });
        tracer.end_step(step, &rvq(step));
    }

    #[test]
    fn snapshots_stay_few_and_lose_nothing() {
        let mut tracer = Tracer::begin(&rvq(0), 0).unwrap();
        for n in 1..=1000u64 {
            step(&mut tracer, n);
            let trace = tracer.trace();
            let steps: Vec<u64> = trace.snapshots().iter().map(|snapshot| snapshot.step).collect();
            // At every multiple, from the first to the last that was reached.
            let every = (0..).map(|power| 1u64 << power).find(|every| n / every <= 64).unwrap();
            assert_eq!(trace.every(), every, "step {n}");
            assert_eq!(steps, (1..=n / every).map(|k| k * every).collect::<Vec<_>>(), "step {n}");
            let replaced: u32 = trace.snapshots().iter().map(|snapshot| snapshot.replaced[2]).sum();
            assert_eq!(u64::from(replaced + tracer.replaced()[2]), n / 3, "step {n}");
            let moved: f64 = trace.snapshots().iter().map(|snapshot| f64::from(snapshot.moved[2])).sum();
            assert!((moved + tracer.moved()[2] - 0.1 * (n - n / 3) as f64).abs() < 1e-3, "step {n}");
            assert_eq!(
                trace.snapshots().last().map(|last| last.sizes[2]),
                steps.last().map(|&s| 2e3 + s as f32)
            );
        }
    }

    #[test]
    fn one_that_begins_later_comes_to_the_same_steps() {
        let mut tracer = Tracer::begin(&rvq(0), 101).unwrap();
        (102..=1000).for_each(|n| step(&mut tracer, n));
        let trace = tracer.trace();
        assert_eq!((trace.from(), trace.every()), (101, 16));
        let steps = trace.snapshots().iter().map(|snapshot| snapshot.step);
        assert_eq!(steps.collect::<Vec<_>>(), (7..=62).map(|k| k * 16).collect::<Vec<_>>());
        let replaced: u32 = trace.snapshots().iter().map(|snapshot| snapshot.replaced[2]).sum();
        assert_eq!(replaced + tracer.replaced()[2], 300, "steps 102 to 999");
        assert!(trace.fits(&rvq(0), 1000) && !trace.fits(&rvq(0), 991));
    }

    #[test]
    fn taken_apart_and_put_together_it_goes_on_as_it_would_have() {
        let mut whole = Tracer::begin(&rvq(0), 0).unwrap();
        for n in 1..=300 {
            let (moved, replaced) = (whole.moved().to_vec(), whole.replaced().to_vec());
            let mut again = Tracer::from_parts(whole.trace().clone(), moved, replaced).unwrap();
            step(&mut again, n);
            step(&mut whole, n);
            assert_eq!(again, whole);
        }
        assert!(Tracer::from_parts(whole.trace().clone(), vec![0.0; 2], vec![0; 3]).is_err());
        assert!(Tracer::from_parts(whole.trace().clone(), vec![f64::NAN; 3], vec![0; 3]).is_err());
    }
}
