//! AVX2, AVX-VNNI and AVX-512: each a few expressions that fill in the loop of the parent module.

use std::arch::x86_64::*;

use super::{Format, Job, Lanes, PANEL, PanelCodes, Simd, TILE, Tile, UNROLL};

/// Declares a kernel type and the function that compiles a job with its features.
macro_rules! kernel {
    ($name:ident, $run:ident, $features:literal) => {
        #[derive(Clone, Copy)]
        pub(super) struct $name(());

        #[target_feature(enable = $features)]
        pub(super) fn $run<J: Job>(job: J) -> J::Output {
            job.run($name(()))
        }
    };
}
kernel!(Avx2, avx2, "avx2,fma");
kernel!(Avx2Int16, avx2_int16, "avx2,fma");
kernel!(Avx2Int8, avx2_int8, "avx2,fma");
kernel!(AvxVnni, avx_vnni, "avx2,fma,avxvnni");
kernel!(Avx512, avx512, "avx2,fma,avx512f,avx512bw");
kernel!(Avx512Vnni, avx512_vnni, "avx2,fma,avx512f,avx512bw,avx512vnni");

/// Lanes of 8 at most `limit`.
#[inline(always)]
fn at_most_8(lanes: &[f32; PANEL], limit: f32) -> u32 {
    // SAFETY: features as above; the vectors lie within `lanes`.
    unsafe {
        let limit = _mm256_set1_ps(limit);
        let bits: [u32; 4] = std::array::from_fn(|v| {
            let lanes = _mm256_loadu_ps(lanes.as_ptr().add(v * 8));
            _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(lanes, limit)) as u32
        });
        bits[0] | bits[1] << 8 | bits[2] << 16 | bits[3] << 24
    }
}

/// Lanes of 16 at most `limit`.
#[inline(always)]
fn at_most_16(lanes: &[f32; PANEL], limit: f32) -> u32 {
    // SAFETY: features as above; the vectors lie within `lanes`.
    unsafe {
        let limit = _mm512_set1_ps(limit);
        let bits: [u32; 2] = std::array::from_fn(|v| {
            let lanes = _mm512_loadu_ps(lanes.as_ptr().add(v * 16));
            u32::from(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(lanes, limit))
        });
        bits[0] | bits[1] << 16
    }
}

/// Declares a function that updates the smallest upper bounds with vectors of one width.
macro_rules! least_upper {
    ($name:ident, $vectors:literal, $load:ident, $splat:ident, $add:ident, $min:ident, $store:ident) => {
        #[inline(always)]
        fn $name(scores: &[[Lanes; TILE]], f: usize, widths: &[f32], least: &mut Lanes) {
            const WIDTH: usize = PANEL / $vectors;
            // SAFETY: features as above; the vectors lie within the lanes.
            unsafe {
                let mut mins: [_; $vectors] = std::array::from_fn(|v| $load(least.0.as_ptr().add(v * WIDTH)));
                for (scores, &width) in scores.iter().zip(widths) {
                    for v in 0..$vectors {
                        let score = $load(scores[f].0.as_ptr().add(v * WIDTH));
                        mins[v] = $min($add(score, $splat(width)), mins[v]);
                    }
                }
                for v in 0..$vectors {
                    $store(least.0.as_mut_ptr().add(v * WIDTH), mins[v]);
                }
            }
        }
    };
}
least_upper!(
    least_upper_8,
    4,
    _mm256_loadu_ps,
    _mm256_set1_ps,
    _mm256_add_ps,
    _mm256_min_ps,
    _mm256_storeu_ps
);
least_upper!(
    least_upper_16,
    2,
    _mm512_loadu_ps,
    _mm512_set1_ps,
    _mm512_add_ps,
    _mm512_min_ps,
    _mm512_storeu_ps
);

macro_rules! simd {
    ($name:ident, $format:expr, $at_most:ident, $least_upper:ident, $frames:literal x $vectors:literal, zero: $zero:expr,
     load: $load:expr, splat: $splat:expr, step: $step:expr,
     load_f32: $load_f32:expr, finish: $finish:expr, store: $store:expr) => {
        impl Simd for $name {
            const FORMAT: Format = $format;

            #[inline(always)]
            fn scores(
                self,
                panel: &[[u32; PANEL]],
                codes: &PanelCodes,
                tile: &Tile,
                scores: &mut [Lanes; TILE],
            ) {
                // SAFETY (every intrinsic of the arguments): features as above.
                scores!(panel, codes, tile, scores, $frames x $vectors, zero: $zero, load: $load, splat: $splat,
                    step: $step, load_f32: $load_f32, finish: $finish, store: $store);
            }

            #[inline(always)]
            fn at_most(self, lanes: &[f32; PANEL], limit: f32) -> u32 {
                $at_most(lanes, limit)
            }

            #[inline(always)]
            fn least_upper(self, scores: &[[Lanes; TILE]], f: usize, widths: &[f32], least: &mut Lanes) {
                $least_upper(scores, f, widths, least);
            }

            #[inline(always)]
            fn prefetch<T>(self, data: &[T]) {
                for line in data.chunks(64 / size_of::<T>().clamp(1, 64)) {
                    // SAFETY: a prefetch of any address is allowed, and this one is readable.
                    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
                }
            }
        }
    };
}

simd!(Avx2, Format::F32, at_most_8, least_upper_8, 2 x 4,
    zero: |_| unsafe { _mm256_setzero_ps() },
    load: |p| _mm256_loadu_ps(p),
    splat: |x| unsafe { _mm256_set1_ps(f32::from_bits(x)) },
    step: |sum, codes, x| unsafe { _mm256_fmadd_ps(codes, x, sum) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: score_8,
    store: |p, score| _mm256_storeu_ps(p, score));

simd!(Avx2Int16, Format::Int16, at_most_8, least_upper_8, 2 x 4,
    zero: |_| unsafe { _mm256_setzero_si256() },
    load: |p| _mm256_loadu_si256(p),
    splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { _mm256_add_epi32(sum, _mm256_madd_epi16(codes, x)) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm256_storeu_ps(p, score));

// Codes of 7 bits: 127 * 127 * 2 fits 16 bits.
simd!(Avx2Int8, Format::Int8 { levels: 63, shift: 64 }, at_most_8, least_upper_8, 2 x 4,
    zero: |offset| unsafe { _mm256_set1_epi32(offset) },
    load: |p| _mm256_loadu_si256(p),
    splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe {
        _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1)))
    },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm256_storeu_ps(p, score));

simd!(AvxVnni, Format::Int8 { levels: 127, shift: 128 }, at_most_8, least_upper_8, 2 x 4,
    zero: |offset| unsafe { _mm256_set1_epi32(offset) },
    load: |p| _mm256_loadu_si256(p),
    splat: |x: u32| unsafe { _mm256_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { _mm256_dpbusd_avx_epi32(sum, codes, x) },
    load_f32: |p| _mm256_loadu_ps(p),
    finish: |sum, norm, step, x| score_8(unsafe { _mm256_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm256_storeu_ps(p, score));

simd!(Avx512, Format::F32, at_most_16, least_upper_16, 8 x 2,
    zero: |_| unsafe { _mm512_setzero_ps() },
    load: |p| _mm512_loadu_ps(p),
    splat: |x| unsafe { _mm512_set1_ps(f32::from_bits(x)) },
    step: |sum, codes, x| unsafe { _mm512_fmadd_ps(codes, x, sum) },
    load_f32: |p| _mm512_loadu_ps(p),
    finish: score_16,
    store: |p, score| _mm512_storeu_ps(p, score));

simd!(Avx512Vnni, Format::Int8 { levels: 127, shift: 128 }, at_most_16, least_upper_16, 8 x 2,
    zero: |offset| unsafe { _mm512_set1_epi32(offset) },
    load: |p| _mm512_loadu_si512(p),
    splat: |x: u32| unsafe { _mm512_set1_epi32(x as i32) },
    step: |sum, codes, x| unsafe { _mm512_dpbusd_epi32(sum, codes, x) },
    load_f32: |p| _mm512_loadu_ps(p),
    finish: |sum, norm, step, x| score_16(unsafe { _mm512_cvtepi32_ps(sum) }, norm, step, x),
    store: |p, score| _mm512_storeu_ps(p, score));

#[inline(always)]
fn score_8(product: __m256, norm: __m256, step: __m256, frame_step: f32) -> __m256 {
    // SAFETY: features as above.
    unsafe { _mm256_fnmadd_ps(_mm256_mul_ps(step, _mm256_set1_ps(frame_step)), product, norm) }
}

#[inline(always)]
fn score_16(product: __m512, norm: __m512, step: __m512, frame_step: f32) -> __m512 {
    // SAFETY: features as above.
    unsafe { _mm512_fnmadd_ps(_mm512_mul_ps(step, _mm512_set1_ps(frame_step)), product, norm) }
}
