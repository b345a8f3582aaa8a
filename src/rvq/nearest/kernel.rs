//! The ways to screen a codebook, and which of them this machine has.

/// A way to compute the screening products. All of them give the same codes and distances, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// f32 products in plain Rust, on any machine.
    Portable,
    /// f32 products, 8 lanes.
    Avx2,
    /// f32 products, 16 lanes.
    Avx512,
    /// int16 products, 8 lanes.
    Avx2Int16,
    /// int8 products through 16-bit pairs, 8 lanes; codes keep 7 bits, so that no pair saturates.
    Avx2Int8,
    /// int8 dot products, 8 lanes.
    AvxVnni,
    /// int8 dot products, 16 lanes.
    Avx512Vnni,
    /// int16 dot products, 16 lanes.
    Avx512VnniInt16,
    /// int8 dot products, 4 lanes.
    NeonDot,
}

/// Below this dimension the int8 kernels' padding and rounding cost more than their products save.
const INT8_FROM_DIM: usize = 12;

impl Kernel {
    /// Every kernel, the plainest first.
    pub const ALL: [Self; 9] = [
        Self::Portable,
        Self::Avx2,
        Self::Avx512,
        Self::Avx2Int16,
        Self::Avx2Int8,
        Self::AvxVnni,
        Self::Avx512Vnni,
        Self::Avx512VnniInt16,
        Self::NeonDot,
    ];

    /// A short name, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable f32",             // not a text
            Self::Avx2 => "avx2 f32",                     // not a text
            Self::Avx512 => "avx512 f32",                 // not a text
            Self::Avx2Int16 => "avx2 int16",              // not a text
            Self::Avx2Int8 => "avx2 int8",                // not a text
            Self::AvxVnni => "avx-vnni int8",             // not a text
            Self::Avx512Vnni => "avx512-vnni int8",       // not a text
            Self::Avx512VnniInt16 => "avx512-vnni int16", // not a text
            Self::NeonDot => "neon-dot int8",             // not a text
        }
    }

    /// Whether this machine can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            let avx2 = has!("avx2") && has!("fma") && has!("bmi1") && has!("popcnt");
            let avx512 = avx2 && has!("avx512f") && has!("avx512bw");
            match self {
                Self::Portable => true,
                Self::Avx2 | Self::Avx2Int16 | Self::Avx2Int8 => avx2,
                Self::AvxVnni => avx2 && has!("avxvnni"),
                Self::Avx512 => avx512,
                Self::Avx512Vnni | Self::Avx512VnniInt16 => avx512 && has!("avx512vnni"),
                Self::NeonDot => false,
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            match self {
                Self::Portable => true,
                Self::NeonDot => std::arch::is_aarch64_feature_detected!("dotprod"),
                _ => false,
            }
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            self == Self::Portable
        }
    }

    /// The fastest kernel of this machine for codes of `dim` dimensions.
    #[must_use]
    pub fn best(dim: usize) -> Self {
        let int8 = [Self::Avx512Vnni, Self::AvxVnni, Self::Avx2Int8, Self::NeonDot];
        let int8 = if dim < INT8_FROM_DIM { &[][..] } else { &int8[..] };
        let float = [Self::Avx512, Self::Avx2];
        int8.iter().chain(&float).copied().find(|kernel| kernel.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether it multiplies and adds up four dimensions in one instruction.
    pub(super) fn has_dot_products(self) -> bool {
        matches!(self, Self::AvxVnni | Self::Avx512Vnni | Self::NeonDot)
    }

    /// The fastest kernel of this machine whose products are off by no more than f32's may be.
    #[must_use]
    pub fn best_precise() -> Self {
        let precise = [Self::Avx512VnniInt16, Self::Avx2Int16];
        precise.into_iter().find(|kernel| kernel.is_available()).unwrap_or(Self::Portable)
    }
}

/// The kernels this machine can run.
#[must_use]
pub fn available_kernels() -> Vec<Kernel> {
    Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()).collect()
}
