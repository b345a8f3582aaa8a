//! Mimi, of moshi and of transformers: a chain for meaning and one for sound, each behind its own projection, both of the same frames.

use ndarray::Axis;

use super::read::{Gathered, Loaded, Reading, indexed_places, num_layers};
use super::write::{Named, cannot_hold};
use super::{Family, Parts};
use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{Chain, ChainParts, Codebook, Metric, Projection, Rvq};
use crate::text::{msg, phrase};

/// `{place}{chain}{stem}{i}.{book}{sums}`, with `cluster_usage` and a flag beside it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mimi {
    id: &'static str,
    chains: [&'static str; 2],
    stem: &'static str,
    book: &'static str,
    sums: &'static str,
    flag: &'static str,
}

/// As moshi names it.
pub(super) static MOSHI: Mimi = Mimi {
    id: "mimi",
    chains: ["quantizer.rvq_first.", "quantizer.rvq_rest."],
    stem: "vq.layers.",
    book: "_codebook.",
    sums: "embedding_sum",
    flag: "_initialized",
};

/// As transformers names it.
pub(super) static HF_MIMI: Mimi = Mimi {
    id: "hf-mimi",
    chains: [
        "quantizer.semantic_residual_vector_quantizer.",
        "quantizer.acoustic_residual_vector_quantizer.",
    ],
    stem: "layers.",
    book: "codebook.",
    sums: "embed_sum",
    flag: "initialized",
};

/// Sizes below this count as this where rows are made of sums: the classes' own `epsilon`.
const SMALLEST_SIZE: f32 = 1e-5;

const SIDES: [&str; 2] = ["input_proj", "output_proj"];

impl Mimi {
    fn tail(&self) -> String {
        format!(".{}{}", self.book, self.sums)
    }

    fn layer(&self, reading: Reading<'_>, start: &str) -> Result<Loaded, Problem> {
        let name = |part: &str| format!("{start}{}{part}", self.book);
        let sums = reading.matrix(&name(self.sums))?;
        let sizes = reading
            .vector(&name("cluster_usage"))?
            .ok_or_else(|| Problem::Malformed(msg!("layout-missing", name = name("cluster_usage"))))?;
        if sizes.len() != sums.nrows() {
            let (rows, sizes) = (sums.nrows(), sizes.len());
            return Err(Problem::Malformed(msg!(
                "layout-sizes-at",
                place = start,
                codes = rows,
                sizes = sizes
            )));
        }
        let mut findings = Vec::new();
        if reading.vector(&name(self.flag))?.is_some_and(|flag| flag.iter().all(|&v| v == 0.0)) {
            findings.push(msg!("layout-never-initialised", flag = self.flag));
        }
        // In f32, as the classes do it.
        let rows = &sums / &sizes.mapv(|size| size.max(SMALLEST_SIZE)).insert_axis(Axis(1));
        let info = reading.info(start, &name(self.sums), rows.dim());
        let codebook = Codebook::new(rows, sizes.mapv(f64::from), sums.mapv(f64::from))?;
        Ok(Loaded { layer: codebook.into(), info, has_sizes: true, has_sums: true, findings })
    }
}

impl Family for Mimi {
    fn id(&self) -> &'static str {
        self.id
    }

    fn row_formula(&self) -> Option<RowFormula> {
        Some(RowFormula::Clamped)
    }

    fn sums(&self) -> &'static str {
        self.sums
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let tensors = reading.tensors;
        let [_, rest] = self.chains;
        indexed_places(tensors, &format!("{rest}{}", self.stem), &self.tail()).into_keys().collect()
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let tensors = reading.tensors;
        let mut gathered = Gathered::default();
        let mut chains = Vec::new();
        let mut dim = None;
        for name in self.chains {
            let start = format!("{place}{name}");
            let count = num_layers(tensors, place, &format!("{name}{}", self.stem), &self.tail())?;
            if count == 0 {
                return Err(Problem::Malformed(msg!("layout-no-layer", place = start)));
            }
            let mut layers = Vec::with_capacity(count);
            for layer_idx in 0..count {
                let loaded = self.layer(reading, &format!("{start}{}{layer_idx}.", self.stem))?;
                layers.push(gathered.take(loaded));
            }
            let projection = reading.projection(&start, SIDES)?;
            let inner = layers.first().map_or(1, |layer| layer.codebook.dim());
            let outer = projection.as_ref().map_or(inner, |p: &Projection| p.in_weight.ncols());
            dim.get_or_insert(outer);
            chains.push(ChainParts { layers, columns: None, projection });
        }
        Ok(gathered.into_parts(Rvq::of_chains(dim.unwrap_or(1), chains, Metric::Euclidean)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let [first, rest] = rvq.chains() else {
            return Err(cannot_hold(self.id, phrase!("layout-what-not-two-chains")));
        };
        let whole = |chain: &Chain| chain.columns() == (0..rvq.dim());
        if rvq.metric() != Metric::Euclidean || rvq.common_stride() > 1 || !whole(first) || !whole(rest) {
            return Err(cannot_hold(self.id, phrase!("layout-what-cosine-strides-groups")));
        }
        let mut named = Named::new(dtype);
        for (name, chain) in self.chains.into_iter().zip([first, rest]) {
            let start = format!("{place}{name}");
            if let Some(p) = chain.projection() {
                if p.in_bias.iter().chain(&p.out_bias).any(|&bias| bias != 0.0) {
                    return Err(cannot_hold(self.id, phrase!("layout-what-bias")));
                }
                named.array(format!("{start}{}.weight", SIDES[0]), &[], &p.in_weight, &[1]);
                named.array(format!("{start}{}.weight", SIDES[1]), &[], &p.out_weight, &[1]);
            }
            for (nth, layer) in
                rvq.layers().iter().take(chain.layers().end).skip(chain.layers().start).enumerate()
            {
                if layer.projection.is_some() {
                    return Err(cannot_hold(self.id, phrase!("layout-what-layer-projections")));
                }
                let book = format!("{start}{}{nth}.{}", self.stem, self.book);
                named.push(format!("{book}{}", self.flag), vec![1], [1.0]);
                let sizes = layer.codebook.cluster_size().mapv(|v| v as f32);
                let sums = layer.codebook.embed_avg().mapv(|v| v as f32);
                named.array(format!("{book}cluster_usage"), &[], &sizes, &[]);
                named.array(format!("{book}{}", self.sums), &[], &sums, &[]);
            }
        }
        Ok(named.tensors)
    }
}
