//! DAC, of descript and of transformers, and SNAC: codebooks of few dimensions, each behind its own projection, searched by angle.

use ndarray::{Array1, Array2};

use super::read::{Gathered, Loaded, Reading, indexed_places, num_layers};
use super::write::{Named, cannot_hold, one_chain};
use super::{Family, Parts};
use crate::io::tensors::{NewTensor, Tensors};
use crate::io::{Dtype, Problem};
use crate::rvq::{Codebook, Layer, Metric, Projection, Rvq};
use crate::task::Task;

/// `{place}quantizer.quantizers.{i}.codebook.weight` between `in_proj` and `out_proj`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dac {
    id: &'static str,
    /// The direction of the weights, or the weights where they are not kept as direction and length.
    direction: &'static str,
    /// The length of each row of the weights.
    length: Option<&'static str>,
}

/// As descript's own class names it.
pub(super) static DAC: Dac = Dac { id: "dac", direction: "weight_v", length: Some("weight_g") };

/// As transformers names it.
pub(super) static HF_DAC: Dac = Dac { id: "hf-dac", direction: "weight", length: None };

/// SNAC, and DAC as newer versions of PyTorch name its weights.
pub(super) static SNAC: Dac = Dac {
    id: "snac",
    direction: "parametrizations.weight.original1",
    length: Some("parametrizations.weight.original0"),
};

const STEM: &str = "quantizer.quantizers.";
const TAIL: &str = ".codebook.weight";
const STRIDES_KEY: &str = "vq_strides";

impl Dac {
    /// The map `{start}{side}`: its weight, and its bias.
    fn map(
        &self,
        reading: Reading<'_>,
        start: &str,
        side: &str,
    ) -> Result<(Array2<f32>, Array1<f32>), Problem> {
        let mut weight = reading.matrix(&format!("{start}{side}.{}", self.direction))?;
        if let Some(length) = self.length {
            let name = format!("{start}{side}.{length}");
            let lengths = reading.needed(&name)?;
            if lengths.len() != weight.nrows() {
                let (rows, lengths) = (weight.nrows(), lengths.len());
                return Err(Problem::malformed(format!("{name} has {lengths} lengths for {rows} rows")));
            }
            for (mut row, &length) in weight.rows_mut().into_iter().zip(&lengths) {
                let norm = row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
                if norm == 0.0 {
                    return Err(Problem::Value(format!("{start}{side} has a row without a direction")));
                }
                row.mapv_inplace(|v| (f64::from(v) * f64::from(length) / norm) as f32);
            }
        }
        let bias = reading.bias(&format!("{start}{side}.bias"), weight.nrows())?;
        Ok((weight, bias))
    }

    fn layer(&self, reading: Reading<'_>, start: &str) -> Result<Loaded, Problem> {
        let name = format!("{start}codebook.weight");
        let rows = reading.matrix(&name)?;
        let info = reading.info(start, &name, rows.dim());
        let (in_weight, in_bias) = self.map(reading, start, "in_proj")?;
        let (out_weight, out_bias) = self.map(reading, start, "out_proj")?;
        let projection = Some(Projection { in_weight, in_bias, out_weight, out_bias });
        let layer = Layer { projection, ..Codebook::from_rows(rows)?.into() };
        Ok(Loaded { layer, info, has_sizes: false, findings: Vec::new() })
    }

    /// The stride of each layer. They are in the model's configuration, which lies beside many files and not in them.
    fn strides(
        &self,
        tensors: &dyn Tensors,
        count: usize,
        findings: &mut Vec<String>,
    ) -> Result<Vec<usize>, Problem> {
        if let Some(strides) = noted_strides(tensors) {
            if strides.len() == count && strides.iter().all(|&stride| stride > 0) {
                return Ok(strides);
            }
            let words = format!("{STRIDES_KEY} is {strides:?}, but there are {count} layers");
            return Err(Problem::malformed(words));
        }
        if self.id != SNAC.id {
            return Ok(vec![1; count]);
        }
        let Some(usual) = usual_strides(count) else {
            findings
                .push(format!("no SNAC of {count} layers is known, so no layer is taken to have a stride"));
            return Ok(vec![1; count]);
        };
        findings.push(format!(
            "the strides {usual:?} are assumed, because every known SNAC of {count} layers has them; the file does not tell ({STRIDES_KEY})"
        ));
        Ok(usual.to_vec())
    }
}

impl Family for Dac {
    fn id(&self) -> &'static str {
        self.id
    }

    fn places(&self, tensors: &dyn Tensors) -> Vec<String> {
        let is_own = |place: &String| {
            tensors.infos().contains_key(&format!("{place}{STEM}0.in_proj.{}", self.direction))
        };
        indexed_places(tensors, STEM, TAIL).into_keys().filter(is_own).collect()
    }

    fn load(&self, tensors: &dyn Tensors, place: &str, task: &Task<'_>) -> Result<Parts, Problem> {
        let reading = Reading { tensors, task };
        let mut gathered = Gathered::default();
        let count = num_layers(tensors, place, STEM, TAIL)?;
        let strides = self.strides(tensors, count, &mut gathered.findings)?;
        let mut layers = Vec::with_capacity(count);
        for (layer_idx, stride) in strides.into_iter().enumerate() {
            let loaded = self.layer(reading, &format!("{place}{STEM}{layer_idx}."))?;
            layers.push(Layer { stride, ..gathered.take(loaded) });
        }
        Ok(gathered.into_parts(Rvq::with_metric(layers, Metric::CosineRaw)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        if rvq.metric() != Metric::CosineRaw {
            return Err(cannot_hold(
                self.id,
                "codebooks that are not searched by angle and used at full length",
            ));
        }
        let strides: Vec<usize> = rvq.layers().iter().map(|layer| layer.stride).collect();
        match usual_strides(strides.len()) {
            Some(usual) if self.id == SNAC.id && strides == usual => {}
            Some(usual) if self.id == SNAC.id => {
                let what = format!(
                    "{} layers with other strides than {usual:?}, which no tensor tells of",
                    usual.len()
                );
                return Err(cannot_hold(self.id, &what));
            }
            _ => one_chain(self.id, rvq)?,
        }
        let mut named = Named::new(dtype);
        for (layer_idx, layer) in rvq.layers().iter().enumerate() {
            let start = format!("{place}{STEM}{layer_idx}.");
            let Some(p) = &layer.projection else {
                return Err(cannot_hold(self.id, "layers without a projection"));
            };
            named.array(format!("{start}codebook.weight"), &[], &layer.codebook.embed(), &[]);
            let sides = [("in_proj", &p.in_weight, &p.in_bias), ("out_proj", &p.out_weight, &p.out_bias)];
            for (side, weight, bias) in sides {
                if let Some(length) = self.length {
                    let norm = |row: ndarray::ArrayView1<'_, f32>| {
                        row.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt() as f32
                    };
                    let lengths: Array1<f32> = weight.rows().into_iter().map(norm).collect();
                    named.array(format!("{start}{side}.{length}"), &[], &lengths, &[1, 1]);
                }
                named.array(format!("{start}{side}.{}", self.direction), &[], weight, &[1]);
                named.array(format!("{start}{side}.bias"), &[], bias, &[]);
            }
        }
        Ok(named.tensors)
    }
}

/// The strides of the published SNACs of so many layers.
fn usual_strides(count: usize) -> Option<&'static [usize]> {
    match count {
        3 => Some(&[4, 2, 1]),
        4 => Some(&[8, 4, 2, 1]),
        _ => None,
    }
}

/// The strides that the file's notes tell of, whichever configuration they stand in: in one note, or one each.
fn noted_strides(tensors: &dyn Tensors) -> Option<Vec<usize>> {
    let notes = tensors.metadata();
    let is_key = |key: &str, wanted: &str| key == wanted || key.ends_with(&format!(".{wanted}"));
    if let Some((_, text)) = notes.iter().find(|(key, _)| is_key(key, STRIDES_KEY)) {
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
        return Some(numbers.map(|word| word.parse().unwrap_or(0)).collect());
    }
    let nth = |layer_idx: usize| {
        let wanted = format!("{STRIDES_KEY}.{layer_idx}");
        let (_, text) = notes.iter().find(|(key, _)| is_key(key, &wanted))?;
        text.trim().parse::<usize>().ok()
    };
    let strides: Vec<usize> = (0..).map_while(nth).collect();
    (!strides.is_empty()).then_some(strides)
}
