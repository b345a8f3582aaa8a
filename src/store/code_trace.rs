//! The history of single codes: a tensor of steps, and tables with a row for each snapshot and a column for each code of all layers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::stored::StoredTensors;
use super::tensors::Tensors;
use crate::rvq::Rvq;
use crate::text::msg;
use crate::training::{CodeSnapshot, CodeTrace, Tracer};

/// What the tensors of a history of codes do not tell.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TraceDoc {
    from: u64,
    every: u64,
}

/// What the tensors of a history that goes on do not tell.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TracerDoc {
    /// `None` where it is the run's own.
    own: Option<TraceDoc>,
}

/// Adds the tensors of `trace`, which is of `rvq` behind step `step`, under names that begin with `at`, and gives the rest.
///
/// # Errors
/// It is of other codes, or of later steps.
pub(super) fn put<'a>(
    trace: &'a CodeTrace,
    (rvq, step): (&Rvq, u64),
    at: &str,
    tensors: &mut Tensors<'a>,
) -> Result<TraceDoc, Fault> {
    if !trace.fits(rvq, step) {
        return Err(Fault::unfit(msg!("err-trace-codes")));
    }
    let snapshots = || trace.snapshots().iter().map(Arc::as_ref);
    let shape = [trace.snapshots().len(), trace.num_codes()];
    let steps = snapshots().map(|snapshot| snapshot.step).collect();
    tensors.put_u64_owned(format!("{at}.trace.steps"), steps);
    let sizes = snapshots().map(|snapshot| snapshot.sizes.as_slice());
    tensors.put_f32_rows(format!("{at}.trace.sizes"), shape, sizes);
    let moved = snapshots().map(|snapshot| snapshot.moved.as_slice());
    tensors.put_f32_rows(format!("{at}.trace.moved"), shape, moved);
    let replaced = snapshots().map(|snapshot| snapshot.replaced.as_slice());
    tensors.put_u32_rows(format!("{at}.trace.replaced"), shape, replaced);
    Ok(TraceDoc { from: trace.from(), every: trace.every() })
}

/// The history of the codes of `rvq` that [`put`] has taken apart.
///
/// # Errors
/// A tensor is missing or of another shape, or they do not fit together.
pub(super) fn take(
    doc: &TraceDoc,
    (rvq, step): (&Rvq, u64),
    at: &str,
    tensors: &StoredTensors,
) -> Result<Arc<CodeTrace>, Fault> {
    let layer_codes: Vec<usize> = rvq.layers().iter().map(|layer| layer.codebook.num_codes()).collect();
    let num_codes: usize = layer_codes.iter().sum();
    let steps: Vec<u64> = tensors.list(&format!("{at}.trace.steps"))?;
    let shape = [steps.len(), num_codes];
    let sizes: Vec<f32> = tensors.rows(&format!("{at}.trace.sizes"), shape)?;
    let moved: Vec<f32> = tensors.rows(&format!("{at}.trace.moved"), shape)?;
    let replaced: Vec<u32> = tensors.rows(&format!("{at}.trace.replaced"), shape)?;
    let columns = num_codes.max(1);
    let mut rows = sizes.chunks(columns).zip(moved.chunks(columns)).zip(replaced.chunks(columns));
    let mut snapshots = Vec::with_capacity(steps.len());
    for step in steps {
        let Some(((sizes, moved), replaced)) = rows.next() else { break };
        let (sizes, moved, replaced) = (sizes.to_vec(), moved.to_vec(), replaced.to_vec());
        snapshots.push(Arc::new(CodeSnapshot { step, sizes, moved, replaced }));
    }
    let trace = CodeTrace::from_parts(layer_codes, doc.from, doc.every, snapshots)?;
    if trace.fits(rvq, step) { Ok(Arc::new(trace)) } else { Err(Fault::damaged(msg!("err-trace-later"))) }
}

/// Adds the tensors of `tracer`, which stands behind step `step`, where they are not those of the run's own history `runs`.
///
/// # Errors
/// It is of other codes, or of later steps.
pub(super) fn put_tracer<'a>(
    tracer: &'a Tracer,
    runs: Option<&CodeTrace>,
    of: (&Rvq, u64),
    tensors: &mut Tensors<'a>,
) -> Result<TracerDoc, Fault> {
    tensors.put_f64("trainer.since.moved".to_owned(), tracer.moved().into());
    tensors.put_u32("trainer.since.replaced".to_owned(), tracer.replaced());
    let (mut own, mut other) = (Tensors::default(), Tensors::default());
    let doc = put(tracer.trace(), of, "trainer", &mut own)?;
    // Compared by bits, as quantizers are. A run that is ahead of its training has another history, if any that fits.
    let is_runs = runs.is_some_and(|runs| {
        put(runs, of, "trainer", &mut other).is_ok_and(|runs| runs == doc) && own.has_same_bits(&other)
    });
    if is_runs {
        return Ok(TracerDoc { own: None });
    }
    tensors.append(own);
    Ok(TracerDoc { own: Some(doc) })
}

/// The tracer that [`put_tracer`] has taken apart.
///
/// # Errors
/// As for [`take`], or there is no history of the run where it is said to be that.
pub(super) fn take_tracer(
    doc: &TracerDoc,
    runs: Option<&Arc<CodeTrace>>,
    of: (&Rvq, u64),
    tensors: &StoredTensors,
) -> Result<Tracer, Fault> {
    let trace = match (&doc.own, runs) {
        (Some(own), _) => take(own, of, "trainer", tensors)?,
        // Whether it fits the training is seen when that is whole.
        (None, Some(runs)) => runs.clone(),
        (None, None) => return Err(Fault::damaged(msg!("err-trace-missing"))),
    };
    let moved = tensors.list_f64("trainer.since.moved")?;
    Ok(Tracer::from_parts(trace, moved, tensors.list("trainer.since.replaced")?)?)
}
