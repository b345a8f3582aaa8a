//! FunCodec: the buffers of all layers in one tensor each, and linear maps around all of them.

use ndarray::{Axis, Ix3};

use super::read::{Gathered, Loaded, Reading, wrong_axes};
use super::write::{Named, cannot_hold, projection};
use super::{Family, LayerInfo, Parts};
use crate::io::tensors::NewTensor;
use crate::io::{Dtype, Problem};
use crate::rvq::ema_state::RowFormula;
use crate::rvq::{ChainParts, Codebook, Layer, Metric, Rvq};
use crate::text::{msg, phrase};

/// `{place}rq.model.embed`, `[n_q, K, D]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stacked;

const BOOK: &str = "rq.model.";
const SIDES: [&str; 2] = ["input_proj", "output_proj"];

impl Family for Stacked {
    fn id(&self) -> &'static str {
        "funcodec"
    }

    fn row_formula(&self) -> Option<RowFormula> {
        Some(RowFormula::Smoothed)
    }

    fn sums(&self) -> &'static str {
        "embed_avg"
    }

    fn places(&self, reading: Reading<'_>) -> Vec<String> {
        let infos = reading.tensors.infos();
        let is_own = |place: &&str| {
            let axes = |part: &str| infos.get(&format!("{place}{BOOK}{part}")).map(|info| info.shape.len());
            (place.is_empty() || place.ends_with('.'))
                && axes("embed") == Some(3)
                && axes("cluster_size") == Some(2)
        };
        let tail = format!("{BOOK}embed");
        infos.keys().filter_map(|name| name.strip_suffix(&tail)).filter(is_own).map(str::to_owned).collect()
    }

    fn load(&self, reading: Reading<'_>, place: &str) -> Result<Parts, Problem> {
        let name = |part: &str| format!("{place}{BOOK}{part}");
        let stacked = |part: &str| {
            let values = reading.needed(&name(part))?;
            let shape = values.shape().to_vec();
            values.into_dimensionality::<Ix3>().map_err(|_| wrong_axes(&name(part), 3, &shape))
        };
        let (rows, sums) = (stacked("embed")?, stacked("embed_avg")?);
        let sizes = reading.matrix(&name("cluster_size"))?;
        let flags = reading.optional(&name("inited"))?;
        let misfit =
            |part: &str| Problem::Malformed(msg!("layout-misfit", part = name(part), rows = name("embed")));
        if sums.dim() != rows.dim() {
            return Err(misfit("embed_avg"));
        }
        if sizes.dim() != (rows.dim().0, rows.dim().1) {
            return Err(misfit("cluster_size"));
        }
        let mut gathered = Gathered::default();
        let mut layers: Vec<Layer> = Vec::new();
        let dtype = reading.tensors.infos().get(&name("embed")).map_or("", |info| info.dtype.name());
        for (layer_idx, layer_rows) in rows.axis_iter(Axis(0)).enumerate() {
            let sizes = sizes.index_axis(Axis(0), layer_idx).mapv(f64::from);
            let sums = sums.index_axis(Axis(0), layer_idx).mapv(f64::from);
            let codebook = Codebook::new(layer_rows.to_owned(), sizes, sums)?;
            let is_blank = flags.as_ref().is_some_and(|flags| flags.iter().nth(layer_idx) == Some(&0.0));
            let findings = is_blank.then(|| msg!("layout-never-initialised", flag = "inited"));
            let buffers = ["cluster_size", "embed_avg", "inited"].map(str::to_owned).to_vec();
            let (codes, dim) = layer_rows.dim();
            let info = LayerInfo { codes, dim, dtype: dtype.to_owned(), buffers, stride: None };
            let findings = findings.into_iter().collect();
            layers.push(gathered.take(Loaded {
                layer: codebook.into(),
                info,
                has_sizes: true,
                has_sums: true,
                findings,
            }));
        }
        let projection = reading.projection(place, SIDES)?;
        gathered.findings.push(msg!("layout-funcodec-settings"));
        let inner = layers.first().map_or(1, Layer::dim);
        let dim = projection.as_ref().map_or(inner, |p| p.in_weight.ncols());
        let chain = ChainParts { layers, columns: None, projection };
        Ok(gathered.into_parts(Rvq::of_chains(dim, vec![chain], Metric::Euclidean)?))
    }

    fn tensors(&self, rvq: &Rvq, place: &str, dtype: Dtype) -> Result<Vec<NewTensor>, Problem> {
        let ([chain], Metric::Euclidean, 1) = (rvq.chains(), rvq.metric(), rvq.common_stride()) else {
            return Err(cannot_hold(self.id(), phrase!("layout-what-chains-cosine-strides")));
        };
        let (codes, dim) = rvq.layers().first().map_or((0, 0), |layer| layer.codebook.embed().dim());
        let is_alike =
            |layer: &Layer| layer.projection.is_none() && layer.codebook.embed().dim() == (codes, dim);
        if !rvq.layers().iter().all(is_alike) {
            return Err(cannot_hold(self.id(), phrase!("layout-what-unlike-layers")));
        }
        let count = rvq.num_layers();
        let books = || rvq.layers().iter().map(|layer| &layer.codebook);
        let mut named = Named::new(dtype);
        let name = |part: &str| format!("{place}{BOOK}{part}");
        named.push(name("embed"), vec![count, codes, dim], books().flat_map(|book| book.embed().to_owned()));
        let sums = books().flat_map(|book| book.embed_avg().mapv(|v| v as f32));
        named.push(name("embed_avg"), vec![count, codes, dim], sums);
        let sizes = books().flat_map(|book| book.cluster_size().mapv(|v| v as f32));
        named.push(name("cluster_size"), vec![count, codes], sizes);
        named.push(name("inited"), vec![count, 1], std::iter::repeat_n(1.0, count));
        projection(&mut named, place, SIDES, chain.projection(), true);
        Ok(named.tensors)
    }
}
