//! The maps around codebooks as PyTorch keeps them: as weights, or as the direction and the length of each row of the weights.

use ndarray::{Array1, Array2};

use super::read::{Reading, maps_apart};
use super::write::Named;
use crate::io::Problem;
use crate::rvq::Projection;
use crate::text::msg;

/// A form in which a map's weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    /// As they are.
    Plain,
    /// `weight_g` and `weight_v`, of `torch.nn.utils.weight_norm`.
    Normed,
    /// The same under the names of `torch.nn.utils.parametrizations`.
    Parametrized,
}

const FORMS: [Weights; 3] = [Weights::Normed, Weights::Parametrized, Weights::Plain];

impl Weights {
    /// The direction of the weights, or the weights themselves.
    fn direction(self) -> &'static str {
        match self {
            Self::Plain => "weight",
            Self::Normed => "weight_v",
            Self::Parametrized => "parametrizations.weight.original1",
        }
    }

    /// The length of each row.
    fn length(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Normed => Some("weight_g"),
            Self::Parametrized => Some("parametrizations.weight.original0"),
        }
    }
}

/// The form in which the map `map` is kept, if it is there.
pub(super) fn form_of(reading: Reading<'_>, map: &str) -> Option<Weights> {
    FORMS.into_iter().find(|form| reading.has(&format!("{map}.{}", form.direction())))
}

/// The maps `{start}{sides}` around a layer, in whatever form; `None` where there is neither.
pub(super) fn around(
    reading: Reading<'_>,
    start: &str,
    sides: [&str; 2],
) -> Result<Option<Projection>, Problem> {
    let map = |side: &str| {
        let name = format!("{start}{side}");
        form_of(reading, &name).map(|form| read(reading, &name, form)).transpose()
    };
    let [inward, outward] = sides;
    match (map(inward)?, map(outward)?) {
        (None, None) => Ok(None),
        (Some((in_weight, in_bias)), Some((out_weight, out_bias))) => {
            Ok(Some(Projection { in_weight, in_bias, out_weight, out_bias }))
        }
        _ => Err(maps_apart(start, sides)),
    }
}

/// A map: its weight, and its bias.
fn read(reading: Reading<'_>, map: &str, form: Weights) -> Result<(Array2<f32>, Array1<f32>), Problem> {
    let mut weight = reading.matrix(&format!("{map}.{}", form.direction()))?;
    if let Some(length) = form.length() {
        let name = format!("{map}.{length}");
        let lengths = reading.needed(&name)?;
        if lengths.len() != weight.nrows() {
            let (rows, lengths) = (weight.nrows(), lengths.len());
            return Err(Problem::Malformed(msg!(
                "layout-lengths",
                name = name,
                lengths = lengths,
                rows = rows
            )));
        }
        for (mut row, &length) in weight.rows_mut().into_iter().zip(&lengths) {
            let norm = norm(row.view());
            if norm == 0.0 {
                return Err(Problem::Value(msg!("layout-no-direction", map = map)));
            }
            row.mapv_inplace(|v| (f64::from(v) * f64::from(length) / norm) as f32);
        }
    }
    let bias = reading.bias(&format!("{map}.bias"), weight.nrows())?;
    Ok((weight, bias))
}

/// The tensors of the maps `{start}{sides}`, those of a convolution over one frame where not of a linear layer.
pub(super) fn write(
    named: &mut Named,
    start: &str,
    sides: [&str; 2],
    projection: &Projection,
    form: Weights,
    is_linear: bool,
) {
    let p = projection;
    let maps = [(&p.in_weight, &p.in_bias), (&p.out_weight, &p.out_bias)];
    let behind: &[usize] = if is_linear { &[] } else { &[1] };
    for (side, (weight, bias)) in sides.into_iter().zip(maps) {
        let mut weight = weight.clone();
        if let Some(length) = form.length() {
            let lengths: Array1<f32> = weight.rows().into_iter().map(|row| norm(row) as f32).collect();
            named.array(format!("{start}{side}.{length}"), &[], &lengths, &[&[1], behind].concat());
            // A row of no length has a direction all the same.
            for (mut row, &length) in weight.rows_mut().into_iter().zip(&lengths) {
                if let Some(first) = row.first_mut().filter(|_| length == 0.0) {
                    *first = 1.0;
                }
            }
        }
        named.array(format!("{start}{side}.{}", form.direction()), &[], &weight, behind);
        named.array(format!("{start}{side}.bias"), &[], bias, &[]);
    }
}

fn norm(row: ndarray::ArrayView1<'_, f32>) -> f64 {
    row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt()
}
