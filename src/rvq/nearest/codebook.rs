//! A codebook in the form the kernels read: centred, scaled, rounded, and laid out in panels.

use ndarray::ArrayView2;

use super::encode::{Format, Row, encode};
use super::simd::{Job, Simd};

/// Codes in a panel: the kernels compare a frame with this many at a time.
pub(super) const PANEL: usize = 32;

/// Absolute slack of a bound, far above what underflow can cost at the codebook's scale.
pub(super) const FLOOR: f32 = 1.0 / (1u128 << 90) as f32;

/// Relative slack of a squared norm: 16 roundings of f32.
pub(super) const NORM_SLACK: f32 = 1.0 / (1u32 << 20) as f32;

/// What the bounds need to know of the codes in a panel. Lanes without a code have an infinite norm.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct PanelBounds {
    /// Squared norm, less its slack; also infinite for a copy of an earlier code.
    pub first_norm: [f32; PANEL],
    /// Squared norm, less its slack.
    pub norm: [f32; PANEL],
    /// Norm.
    pub length: [f32; PANEL],
    /// Norm of what rounding took away.
    pub error: [f32; PANEL],
    /// Value of one unit of the rounded code.
    pub step: [f32; PANEL],
}

const EMPTY: PanelBounds = PanelBounds {
    first_norm: [f32::INFINITY; PANEL],
    norm: [f32::INFINITY; PANEL],
    length: [0.0; PANEL],
    error: [0.0; PANEL],
    step: [0.0; PANEL],
};

/// A codebook prepared for one kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct Codebook {
    /// The codes as they came, `(num_codes, dim)`.
    pub rows: Vec<f32>,
    pub num_codes: usize,
    pub dim: usize,
    /// Point that frames and codes are taken from: near the mean code, so that a common offset costs no precision.
    pub centre: Vec<f32>,
    /// Factor of each centred dimension: a power of two that brings the codes near 1, and for int8 the signs and
    /// the norm of the rotation.
    pub gain: Vec<f32>,
    /// The power of two in `gain`.
    pub scale: f32,
    /// Words of a row in the kernel's format.
    pub num_words: usize,
    /// Panels of `num_words` times one word of each code.
    pub panels: Vec<[u32; PANEL]>,
    pub bounds: Vec<PanelBounds>,
    /// False where the codes are too far apart for f32: every search is then done in full.
    pub can_screen: bool,
    /// Scratch of `prepare`: one row, its words, and a hash of every row.
    row: Vec<f32>,
    words: Vec<u32>,
    hashes: Vec<(u64, u32)>,
}

/// Fills the rest of a codebook from its rows.
pub(super) struct Prepare<'a>(pub &'a mut Codebook);

impl Job for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let book = self.0;
        book.centre_and_scale(S::FORMAT);
        book.pack(S::FORMAT);
        book.mark_copies();
    }
}

impl Codebook {
    /// Takes the rows of `codebook`, `(num_codes, dim)`.
    pub(super) fn read(&mut self, codebook: ArrayView2<'_, f32>) {
        (self.num_codes, self.dim) = codebook.dim();
        self.rows.clear();
        match codebook.to_slice() {
            Some(rows) => self.rows.extend_from_slice(rows),
            None => self.rows.extend(codebook),
        }
    }

    #[inline(always)]
    fn centre_and_scale(&mut self, format: Format) {
        let Self { rows, num_codes, dim, centre, gain, scale, row, .. } = self;
        let mut sums = vec![0.0f64; *dim];
        for code in rows.chunks_exact(*dim) {
            for (sum, &e) in sums.iter_mut().zip(code) {
                *sum += f64::from(e);
            }
        }
        centre.clear();
        centre.extend(sums.iter().map(|sum| (sum / *num_codes as f64) as f32));
        row.clear();
        row.resize(*dim, 0.0);
        for code in rows.chunks_exact(*dim) {
            for ((max, &e), &c) in row.iter_mut().zip(code).zip(&*centre) {
                *max = if (e - c).abs() > *max { (e - c).abs() } else { *max };
            }
        }
        let largest = row.iter().copied().fold(0.0, f32::max);
        // A power of two scales without rounding.
        let exponent = if largest > 0.0 { (largest.to_bits() >> 23) as i32 - 127 } else { 0 };
        *scale = 2f32.powi(-exponent.clamp(-100, 100));
        gain.clear();
        gain.extend((0..*dim).map(|i| *scale * format.gain(i, *dim)));
        self.can_screen = largest.is_finite() && *scale * largest < 1e6;
    }

    #[inline(always)]
    fn pack(&mut self, format: Format) {
        let Self { rows, num_codes, dim, centre, gain, scale, num_words, panels, bounds, row, words, .. } =
            self;
        let depth = format.depth(*dim);
        *num_words = depth / format.dims_per_word();
        let num_panels = num_codes.div_ceil(PANEL);
        row.clear();
        row.resize(depth, 0.0);
        words.resize(*num_words, 0);
        panels.clear();
        panels.resize(num_panels * *num_words, [0; PANEL]);
        bounds.clear();
        bounds.resize(num_panels, EMPTY);
        for (k, code) in rows.chunks_exact(*dim).enumerate() {
            let (p, lane) = (k / PANEL, k % PANEL);
            let Row { step, length, error, .. } = encode(code, centre, gain, format, true, row, words);
            for (panel, &word) in panels[p * *num_words..][..*num_words].iter_mut().zip(&*words) {
                panel[lane] = word;
            }
            let norm = sq_norm(code, centre) * f64::from(*scale).powi(2);
            let panel = &mut bounds[p];
            panel.norm[lane] = norm as f32 * (1.0 - NORM_SLACK) - FLOOR;
            panel.first_norm[lane] = panel.norm[lane];
            panel.length[lane] = length;
            panel.error[lane] = error;
            panel.step[lane] = step;
        }
    }

    /// A code that repeats an earlier one cannot win, and a codebook of equal codes must not cost a full search.
    #[inline(always)]
    fn mark_copies(&mut self) {
        let Self { rows, dim, bounds, hashes, .. } = self;
        hashes.clear();
        hashes.extend(rows.chunks_exact(*dim).enumerate().map(|(k, row)| (hash(row), k as u32)));
        hashes.sort_unstable();
        let mut first = 0;
        for i in 1..hashes.len() {
            let ((h, k), (first_hash, first_k)) = (hashes[i], hashes[first]);
            let row = |k: u32| &rows[k as usize * *dim..][..*dim];
            if h == first_hash && row(k) == row(first_k) {
                bounds[k as usize / PANEL].first_norm[k as usize % PANEL] = f32::INFINITY;
            } else {
                first = i;
            }
        }
    }
}

/// Squared distance of `code` from `centre`.
#[inline(always)]
fn sq_norm(code: &[f32], centre: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    let (code, code_rest) = code.as_chunks::<8>();
    let (centre, centre_rest) = centre.as_chunks::<8>();
    for (e, c) in code.iter().zip(centre) {
        for l in 0..8 {
            let d = f64::from(e[l]) - f64::from(c[l]);
            sums[l] += d * d;
        }
    }
    let rest: f64 =
        code_rest.iter().zip(centre_rest).map(|(&e, &c)| (f64::from(e) - f64::from(c)).powi(2)).sum();
    sums.iter().sum::<f64>() + rest
}

/// A hash of the bits of `row`.
#[inline(always)]
fn hash(row: &[f32]) -> u64 {
    let mut lanes = [1u32; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for l in 0..16 {
            lanes[l] = (lanes[l] ^ chunk[l].to_bits()).wrapping_mul(0x9e37_79b1).rotate_left(13);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane = (*lane ^ x.to_bits()).wrapping_mul(0x9e37_79b1).rotate_left(13);
    }
    lanes.iter().fold(0, |h: u64, &lane| (h ^ u64::from(lane)).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
