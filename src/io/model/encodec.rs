//! EnCodec's classes, which audiocraft, SpeechTokenizer and GPT-SoVITS took over, and the files of this program: rows and their EMA state by layer.

use super::notes::noted_metric;
use super::read::{Gathered, Reading, indexed_places, num_layers};
use super::write::{Named, ema_buffers, one_chain, projection};
use super::{Family, Parts};
use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{Metric, Rvq};
use crate::text::phrase;

/// `{place}{stem}{i}.{book}embed` and its buffers.
#[derive(Debug, Clone, Copy)]
pub(super) struct CoreVq {
    id: &'static str,
    stem: &'static str,
    book: &'static str,
    tail: &'static str,
}

/// A whole model with EnCodec's names.
pub(super) static ENCODEC: CoreVq =
    CoreVq { id: "encodec", stem: "quantizer.vq.layers.", book: "_codebook.", tail: "._codebook.embed" };

/// Only the quantizer of such a model.
pub(super) static CORE_VQ: CoreVq =
    CoreVq { id: "core-vq", stem: "layers.", book: "_codebook.", tail: "._codebook.embed" };

/// EnCodec in transformers.
pub(super) static HF_ENCODEC: CoreVq =
    CoreVq { id: "hf-encodec", stem: "quantizer.layers.", book: "codebook.", tail: ".codebook.embed" };

/// X-Codec and Higgs Audio in transformers; the latter has a projection around each layer.
pub(super) static HF_XCODEC: CoreVq =
    CoreVq { id: "hf-xcodec", stem: "quantizer.quantizers.", book: "codebook.", tail: ".codebook.embed" };

impl Family for CoreVq {
    fn id(&self) -> &'static str {
        self.id
    }

    fn row_formula(&self) -> Option<RowFormula> {
        Some(RowFormula::Smoothed)
    }

    fn sums(&self) -> &'static str {
        "embed_avg"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let tensors = reading.tensors;
        let is_own = |place: &String| {
            // What has heads is of vector-quantize-pytorch.
            let first = format!("{place}{}0{}", self.stem, self.tail);
            let has_heads = tensors
                .infos()
                .get(&first)
                .is_some_and(|info| matches!(*info.shape, [_, k, d] if k > 1 && d > 1));
            let is_whole_model =
                self.id != ENCODEC.id && is_behind_dot(&format!("{place}{}", self.stem), ENCODEC.stem);
            !has_heads && !is_whole_model
        };
        indexed_places(tensors, self.stem, self.tail).into_keys().filter(is_own).collect()
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let tensors = reading.tensors;
        let mut gathered = Gathered::default();
        let mut layers = Vec::new();
        for layer_idx in 0..num_layers(tensors, place, self.stem, self.tail)? {
            let start = format!("{place}{}{layer_idx}.", self.stem);
            let mut loaded = reading.ema_layer(&start, self.book)?;
            loaded.layer.projection = reading.projection(&start, ["project_in", "project_out"])?;
            layers.push(gathered.take(loaded));
        }
        let metric = noted_metric(tensors)?.unwrap_or_default();
        Ok(gathered.into_parts(Rvq::with_metric(layers, metric)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        one_chain(self.id, rvq)?;
        if rvq.metric() == Metric::CosineRaw {
            return Err(super::write::cannot_hold(self.id, phrase!("layout-what-raw-angle")));
        }
        let mut named = Named::new(dtype);
        for (layer_idx, layer) in rvq.layers().iter().enumerate() {
            let start = format!("{place}{}{layer_idx}.", self.stem);
            named.push(format!("{start}{}inited", self.book), vec![1], [1.0]);
            ema_buffers(&mut named, &format!("{start}{}", self.book), &[], &layer.codebook);
            projection(&mut named, &start, ["project_in", "project_out"], layer.projection.as_ref(), true);
        }
        Ok(named.tensors)
    }
}

/// Whether `name` ends in `end`, with a dot or nothing in front of it.
fn is_behind_dot(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}
