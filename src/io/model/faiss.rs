//! The quantizers inside FAISS indexes: residual, product, local search, and a flat index as one codebook.

use ndarray::ArrayView2;

use super::read::{Gathered, Reading, StoredLayer};
use super::write::cannot_hold;
use super::{Family, Parts};
use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::{ChainParts, Layer, Metric, Rvq};
use crate::text::{Phrase, msg, phrase};

/// The note under which the container tells what kind of index it is.
pub(in crate::io) const INDEX_KEY: &str = "faiss.index";

/// The note that tells how wide the index itself searches.
pub(in crate::io) const BEAM_KEY: &str = "faiss.max_beam_size";

/// What the container calls the codebook `nth` of a residual or local search quantizer, and of a product quantizer.
pub(in crate::io) fn codebook_name(nth: usize) -> String {
    format!("codebooks.{nth}")
}

/// Codebooks of an index, as the container names them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faiss;

impl Family for Faiss {
    fn id(&self) -> &'static str {
        "faiss"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        // What is said of an index is kept when it is converted, under the names of another family.
        let is_index = reading.tensors.metadata().contains_key(INDEX_KEY) && reading.has(&codebook_name(0));
        is_index.then(String::new).into_iter().collect()
    }

    fn load(&self, reading: Reading<'_>, _place: &str) -> Result<Parts, Problem> {
        let note = |key: &str| reading.tensors.metadata().get(key).map(String::as_str).unwrap_or_default();
        let mut gathered = Gathered::default();
        let mut layers: Vec<Layer> = Vec::new();
        for nth in 0..reading.tensors.infos().len() {
            let stored = StoredLayer { rows: codebook_name(nth), ..StoredLayer::default() };
            layers.push(gathered.take(reading.stored_layer(&stored)?));
        }
        let findings = &mut gathered.findings;
        match note(INDEX_KEY) {
            "residual" => {
                // FAISS's own default, for an index whose header does not lead to it.
                let beam = Some(note(BEAM_KEY)).filter(|beam| !beam.is_empty()).unwrap_or("5");
                findings.push(msg!("layout-index-beam", beam = beam));
            }
            "local-search" => findings.push(msg!("layout-local-search")),
            "product" => findings.push(msg!("layout-product-index")),
            _ => findings.push(msg!("layout-flat-index")),
        }
        findings.push(msg!("layout-no-state"));
        if note(INDEX_KEY) != "product" {
            return Ok(gathered.into_parts(Rvq::with_metric(layers, Metric::Euclidean)?));
        }
        let (mut chains, mut dim) = (Vec::new(), 0);
        for layer in layers {
            let columns = Some(dim..dim + layer.dim());
            dim += layer.dim();
            chains.push(ChainParts { layers: vec![layer], columns, projection: None });
        }
        Ok(gathered.into_parts(Rvq::of_chains(dim.max(1), chains, Metric::Euclidean)?))
    }

    fn tensors(&self, rvq: &Rvq, _place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let is_plain = rvq.metric() == Metric::Euclidean
            && rvq.common_stride() == 1
            && rvq.layers().iter().all(|layer| layer.projection.is_none())
            && rvq.chains().iter().all(|chain| chain.projection().is_none());
        if !is_plain {
            return Err(cannot_hold(self.id(), phrase!("layout-what-not-rows")));
        }
        let tensor = |(nth, rows): (usize, ArrayView2<'_, f32>)| NewTensor {
            name: codebook_name(nth),
            dtype,
            shape: rows.shape().to_vec(),
            values: rows.iter().copied().collect(),
        };
        Ok(rvq.layers().iter().map(|layer| layer.codebook.embed()).enumerate().map(tensor).collect())
    }

    fn container(&self) -> Option<Phrase> {
        Some(phrase!("layout-container-faiss"))
    }
}
