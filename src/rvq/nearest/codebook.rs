//! A codebook in the form the kernels read: centred, scaled, rounded, and laid out in panels.

use ndarray::ArrayView2;

use super::encode::{Format, Row, encode};
use super::layout::{PANEL, PanelCodes, PanelErrors, Words};
use super::simd::{Job, Simd};

/// Absolute slack of a bound, far above what underflow can cost at the codebook's scale.
const FLOOR: f32 = 1.0 / (1u128 << 90) as f32;

/// Relative slack of a squared norm: 16 roundings of f32.
const NORM_SLACK: f32 = 1.0 / (1u32 << 20) as f32;

const EMPTY: PanelCodes = PanelCodes { norm: [f32::INFINITY; PANEL], step: [0.0; PANEL] };

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
    pub panels: Vec<Words>,
    pub codes: Vec<PanelCodes>,
    pub errors: Vec<PanelErrors>,
    /// The code in each place of the panels, and how many codes of lower index equal it.
    pub places: Vec<(u32, u32)>,
    /// False where the codes are too far apart for f32: every search is then done in full.
    pub can_screen: bool,
    /// Scratch of `prepare`: one row, its words, and a squared norm of every code.
    row: Vec<f32>,
    words: Vec<u32>,
    norms: Vec<(f64, u32)>,
}

/// Fills the rest of a codebook from its rows.
pub(super) struct Prepare<'a>(pub &'a mut Codebook);

impl Job for Prepare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let book = self.0;
        book.centre_and_scale(S::FORMAT);
        book.sort();
        book.pack(S::FORMAT);
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

    /// A code as it came.
    #[inline(always)]
    pub(super) fn row(&self, code: u32) -> &[f32] {
        &self.rows[code as usize * self.dim..][..self.dim]
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

    /// Orders the codes by norm, equal ones by index.
    #[inline(always)]
    fn sort(&mut self) {
        let Self { rows, dim, centre, scale, places, norms, .. } = self;
        let row = |k: u32| &rows[k as usize * *dim..][..*dim];
        norms.clear();
        for (k, code) in rows.chunks_exact(*dim).enumerate() {
            norms.push((sq_norm(code, centre) * f64::from(*scale).powi(2), k as u32));
        }
        norms.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        places.clear();
        let mut last: Option<(f64, u32, u32)> = None;
        for &(norm, k) in &*norms {
            // A code that repeats `m` earlier ones is not among the `m` nearest, and a codebook of equal codes must
            // not cost a full search.
            let num_copies = match last {
                Some((n, j, copies)) if n == norm && row(j) == row(k) => copies + 1,
                _ => 0,
            };
            places.push((k, num_copies));
            last = Some((norm, k, num_copies));
        }
    }

    #[inline(always)]
    fn pack(&mut self, format: Format) {
        let Self {
            rows, dim, centre, gain, num_words, panels, codes, errors, places, row, words, norms, ..
        } = self;
        let depth = format.depth(*dim);
        *num_words = depth / format.dims_per_word();
        let num_panels = places.len().div_ceil(PANEL);
        row.clear();
        row.resize(depth, 0.0);
        words.resize(*num_words, 0);
        panels.clear();
        panels.resize(num_panels * *num_words, Words::ZERO);
        codes.clear();
        codes.resize(num_panels, EMPTY);
        errors.clear();
        errors.resize(num_panels, PanelErrors::default());
        for (place, &(norm, k)) in norms.iter().enumerate() {
            let (p, lane) = (place / PANEL, place % PANEL);
            let code = &rows[k as usize * *dim..][..*dim];
            let Row { step, length, error, .. } = encode(code, centre, gain, format, true, row, words);
            for (panel, &word) in panels[p * *num_words..][..*num_words].iter_mut().zip(&*words) {
                panel.0[lane] = word;
            }
            codes[p].norm[lane] = norm as f32;
            codes[p].step[lane] = step;
            let panel = &mut errors[p];
            panel.length = panel.length.max(length);
            panel.error = panel.error.max(error);
            panel.slack = panel.slack.max(norm as f32 * NORM_SLACK + FLOOR);
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
