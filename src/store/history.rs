//! The scalars of a training: one tensor of steps, and one a series with a row for each layer.

use std::collections::BTreeSet;

use ndarray::Array2;

use super::error::Fault;
use super::stored::StoredTensors;
use super::tensors::Tensors;
use crate::text::msg;
use crate::training::{History, Series};

const STEPS: &str = "history.steps";

fn name(series: Series) -> String {
    format!("history.{}", series.key())
}

/// Adds the tensors of `history`, and gives the names of its series.
///
/// # Errors
/// Its steps do not count up.
pub(super) fn put<'a>(history: &'a History, tensors: &mut Tensors<'a>) -> Result<BTreeSet<String>, Fault> {
    if !history.steps().is_sorted_by(|a, b| a < b) {
        return Err(Fault::unfit(msg!("err-history-count")));
    }
    tensors.put_u64(STEPS.to_owned(), history.steps());
    for series in Series::ALL {
        let layers = 0..history.num_layers();
        let rows = layers.map(|layer_idx| history.series(layer_idx, series).into()).collect();
        tensors.put_f64_pieces(name(series), vec![history.num_layers(), history.len()], rows);
    }
    Ok(Series::ALL.iter().map(|series| series.key().to_owned()).collect())
}

/// The history that [`put`] has taken apart. A series that was not known when it was stored is NaN throughout.
///
/// # Errors
/// A tensor is missing or of another length, or the steps do not count up.
pub(super) fn take(known: &BTreeSet<String>, tensors: &StoredTensors) -> Result<History, Fault> {
    let steps: Vec<u64> = tensors.list(STEPS)?;
    let mut columns = Vec::new();
    for series in Series::ALL.into_iter().filter(|series| known.contains(series.key())) {
        columns.push((series, tensors.table_f64(&name(series))?.reversed_axes()));
    }
    let shape = columns.first().map_or((steps.len(), 0), |(_, table)| table.dim());
    if steps.len() != shape.0 {
        return Err(Fault::damaged(msg!("err-history-other")));
    }
    for series in Series::ALL.into_iter().filter(|series| !known.contains(series.key())) {
        columns.push((series, Array2::from_elem(shape, f64::NAN)));
    }
    let history = History::from_columns(steps, &columns);
    Ok(history?)
}
