//! NEON with the dot product extension.

use std::arch::aarch64::*;
use std::arch::asm;

use super::{Format, Job, Lanes, PANEL, PanelCodes, Simd, TILE, Tile, UNROLL, Words};

#[derive(Clone, Copy)]
pub(super) struct NeonDot(());

#[target_feature(enable = "dotprod")]
pub(super) fn neon_dot<J: Job>(job: J) -> J::Output {
    job.run(NeonDot(()))
}

/// Adds the product of each word of `codes` with that of `x` to `sum`.
#[inline(always)]
fn dot(mut sum: int32x4_t, codes: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: features as above. The intrinsic is not stable, the instruction is; it touches registers only.
    unsafe {
        asm!("sdot {0:v}.4s, {1:v}.16b, {2:v}.16b", inout(vreg) sum, in(vreg) codes, in(vreg) x, // not a text
            options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

impl Simd for NeonDot {
    const FORMAT: Format = Format::Int8 { levels: 127, shift: 0 };

    #[inline(always)]
    fn scores(self, panel: &[Words], codes: &PanelCodes, tile: &Tile, scores: &mut [Lanes; TILE]) {
        // SAFETY (every intrinsic of the arguments): NEON is part of the architecture.
        scores!(panel, codes, tile, scores, 2 x 8,
            zero: |offset| unsafe { vdupq_n_s32(offset) },
            load: |p| vld1q_s8(p),
            splat: |x: u32| unsafe { vreinterpretq_s8_u32(vdupq_n_u32(x)) },
            step: |sum, codes, x| dot(sum, codes, x),
            load_f32: |p| vld1q_f32(p),
            finish: |sum, norm, step, x| unsafe { vfmsq_f32(norm, vmulq_n_f32(step, x), vcvtq_f32_s32(sum)) },
            store: |p, score| vst1q_f32(p, score));
    }
}
