//! What the kernels do lane by lane, in vectors of 32 and of 64 bytes.

use std::arch::x86_64::*;

use super::{Lanes, PANEL, ROUND, TILE, Terms, Units};

/// Declares the functions that read the same in both widths: `$floats` vectors of f32 hold a panel, and `$units` vectors of 16 bits.
macro_rules! lanes {
    ($floats:literal x $float:ident: $load:ident, $splat:ident, $add:ident, $min:ident, $store:ident;
     $units:literal x $int:ident: $load_int:ident, $splat_units:ident, $add_units:ident, $sub_units:ident, $min_units:ident, $store_int:ident) => {
        /// Updates the smallest upper bounds.
        #[inline(always)]
        pub(in super::super) fn least_upper(
            scores: &[[Lanes; TILE]],
            f: usize,
            widths: &[f32],
            least: &mut Lanes,
        ) {
            const WIDTH: usize = PANEL / $floats;
            // SAFETY: features as in the parent module; the vectors lie within the lanes.
            unsafe {
                let mut mins = [$splat(0.0); $floats];
                for v in 0..$floats {
                    mins[v] = $load(least.0.as_ptr().add(v * WIDTH));
                }
                for (scores, &width) in scores.iter().zip(widths) {
                    for v in 0..$floats {
                        let score = $load(scores[f].0.as_ptr().add(v * WIDTH));
                        mins[v] = $min($add(score, $splat(width)), mins[v]);
                    }
                }
                for v in 0..$floats {
                    $store(least.0.as_mut_ptr().add(v * WIDTH), mins[v]);
                }
            }
        }

        /// Adds up the terms and gives the least sum of each lane.
        #[inline(always)]
        pub(in super::super) fn add_up(
            terms: &Terms<'_>,
            panels: std::ops::Range<usize>,
            sums: &mut [Units],
        ) -> Units {
            terms.check(&panels, sums);
            let mut least = Units::MOST;
            // SAFETY: features as in the parent module.
            let mut mins = [unsafe { $splat_units(i16::MAX) }; $units];
            let mut panel = panels.start;
            while panel + 4 <= panels.end {
                add_up_block::<4>(terms, panel, sums, &mut mins);
                panel += 4;
            }
            while panel < panels.end {
                add_up_block::<1>(terms, panel, sums, &mut mins);
                panel += 1;
            }
            for v in 0..$units {
                // SAFETY: features as in the parent module; the vectors lie within the panel.
                unsafe { $store_int(least.0.as_mut_ptr().cast::<$int>().add(v), mins[v]) };
            }
            least
        }

        /// The sums of `N` panels from `first` on, which stay in registers until they are whole. What the caller has checked: the panels lie within
        /// the sums and within every row.
        #[inline(always)]
        fn add_up_block<const N: usize>(
            terms: &Terms<'_>,
            first: usize,
            sums: &mut [Units],
            mins: &mut [$int; $units],
        ) {
            // SAFETY: features as in the parent module; the vectors lie within the panels from `first` on of what is read and written.
            unsafe {
                let rows = terms.table.units.as_ptr().add(first);
                let from = terms.from.as_ptr().add(first).cast::<$int>();
                let mut block = [[$splat_units(0); $units]; N];
                for n in 0..N {
                    for v in 0..$units {
                        block[n][v] = $load_int(from.add(n * $units + v));
                    }
                }
                for &row in terms.added {
                    let row = rows.add(row as usize).cast::<$int>();
                    for n in 0..N {
                        for v in 0..$units {
                            block[n][v] = $add_units(block[n][v], $load_int(row.add(n * $units + v)));
                        }
                    }
                }
                for &row in terms.taken {
                    let row = rows.add(row as usize).cast::<$int>();
                    for n in 0..N {
                        for v in 0..$units {
                            block[n][v] = $sub_units(block[n][v], $load_int(row.add(n * $units + v)));
                        }
                    }
                }
                let sums = sums.as_mut_ptr().add(first).cast::<$int>();
                for n in 0..N {
                    for v in 0..$units {
                        mins[v] = $min_units(mins[v], block[n][v]);
                        $store_int(sums.add(n * $units + v), block[n][v]);
                    }
                }
            }
        }
    };
}

/// Vectors of 32 bytes.
pub(super) mod eight {
    use super::*;

    lanes!(4 x __m256: _mm256_loadu_ps, _mm256_set1_ps, _mm256_add_ps, _mm256_min_ps, _mm256_storeu_ps;
        2 x __m256i: _mm256_loadu_si256, _mm256_set1_epi16, _mm256_add_epi16, _mm256_sub_epi16, _mm256_min_epi16, _mm256_storeu_si256);

    /// Lanes at most `limit`.
    #[inline(always)]
    pub(in super::super) fn at_most(lanes: &[f32; PANEL], limit: f32) -> u32 {
        let mut bits = 0;
        // SAFETY: features as in the parent module; the vectors lie within `lanes`.
        unsafe {
            let limit = _mm256_set1_ps(limit);
            for v in 0..4 {
                let lanes = _mm256_loadu_ps(lanes.as_ptr().add(v * 8));
                bits |= (_mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(lanes, limit)) as u32) << (v * 8);
            }
        }
        bits
    }

    /// Units at most `limit`.
    #[inline(always)]
    pub(in super::super) fn units_at_most(units: &Units, limit: i16) -> u32 {
        // SAFETY: features as in the parent module; the vectors lie within the panel.
        unsafe {
            let limit = _mm256_set1_epi16(limit);
            let units = units.0.as_ptr().cast::<__m256i>();
            let low = _mm256_cmpgt_epi16(_mm256_loadu_si256(units), limit);
            let high = _mm256_cmpgt_epi16(_mm256_loadu_si256(units.add(1)), limit);
            // Packing works on halves of vectors, whose order is put right behind it.
            let above = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(low, high));
            !(_mm256_movemask_epi8(above) as u32)
        }
    }

    /// Scores in whole units.
    #[inline(always)]
    pub(in super::super) fn to_units(scores: &[f32; PANEL], inverse_step: f32, units: &mut Units) {
        // SAFETY: features as in the parent module; the vectors lie within the panel.
        unsafe {
            for v in 0..2 {
                let mut whole = [_mm256_setzero_si256(); 2];
                for half in 0..2 {
                    let scores = _mm256_loadu_ps(scores.as_ptr().add(v * 16 + half * 8));
                    let bits = _mm256_fmadd_ps(scores, _mm256_set1_ps(inverse_step), _mm256_set1_ps(ROUND));
                    whole[half] = _mm256_and_si256(_mm256_castps_si256(bits), _mm256_set1_epi32(0xffff));
                }
                let packed = _mm256_packus_epi32(whole[0], whole[1]);
                let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
                _mm256_storeu_si256(units.0.as_mut_ptr().cast::<__m256i>().add(v), packed);
            }
        }
    }
}

/// Vectors of 64 bytes.
pub(super) mod sixteen {
    use super::*;

    lanes!(2 x __m512: _mm512_loadu_ps, _mm512_set1_ps, _mm512_add_ps, _mm512_min_ps, _mm512_storeu_ps;
        1 x __m512i: _mm512_loadu_si512, _mm512_set1_epi16, _mm512_add_epi16, _mm512_sub_epi16, _mm512_min_epi16, _mm512_storeu_si512);

    /// Lanes at most `limit`.
    #[inline(always)]
    pub(in super::super) fn at_most(lanes: &[f32; PANEL], limit: f32) -> u32 {
        let mut bits = 0;
        // SAFETY: features as in the parent module; the vectors lie within `lanes`.
        unsafe {
            let limit = _mm512_set1_ps(limit);
            for v in 0..2 {
                let lanes = _mm512_loadu_ps(lanes.as_ptr().add(v * 16));
                bits |= u32::from(_mm512_cmp_ps_mask::<_CMP_LE_OQ>(lanes, limit)) << (v * 16);
            }
        }
        bits
    }

    /// Units at most `limit`.
    #[inline(always)]
    pub(in super::super) fn units_at_most(units: &Units, limit: i16) -> u32 {
        // SAFETY: features as in the parent module; the vector is the panel.
        unsafe {
            let units = _mm512_loadu_si512(units.0.as_ptr().cast());
            _mm512_cmple_epi16_mask(units, _mm512_set1_epi16(limit))
        }
    }

    /// Scores in whole units.
    #[inline(always)]
    pub(in super::super) fn to_units(scores: &[f32; PANEL], inverse_step: f32, units: &mut Units) {
        // SAFETY: features as in the parent module; the vectors lie within the panel.
        unsafe {
            let (inverse, round) = (_mm512_set1_ps(inverse_step), _mm512_set1_ps(ROUND));
            for v in 0..2 {
                let scores = _mm512_loadu_ps(scores.as_ptr().add(v * 16));
                let bits = _mm512_castps_si512(_mm512_fmadd_ps(scores, inverse, round));
                let low = _mm512_cvtepi32_epi16(bits);
                _mm256_storeu_si256(units.0.as_mut_ptr().cast::<__m256i>().add(v), low);
            }
        }
    }
}
