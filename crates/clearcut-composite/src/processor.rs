//! Loops that are compiled once more for processors with wider vectors.
//!
//! What such a processor computes is the same bit by bit: every sample goes through the same operations in the same
//! order, only more samples at a time. (The compiler never makes one operation of a product and a sum by itself.)

/// Declares a function that does what `$plain` does, compiled with AVX2 where the processor has it.
///
/// `$plain`, and all that it calls in its loops, must be `#[inline(always)]`: only what is inlined is compiled with
/// other instructions. Nothing is gained by closures, which the compiler does not inline at two places.
macro_rules! wide {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $plain:path) => {
        $(#[$attribute])*
        $visibility fn $name($($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn with_avx2($($argument: $type),*) {
                    $plain($($argument),*);
                }
                if std::arch::is_x86_feature_detected!("avx2") && !$crate::processor::is_left_alone() {
                    #[expect(unsafe_code, reason = "a function for some processors is called on one of them")]
                    // SAFETY: the processor has the feature.
                    return unsafe { with_avx2($($argument),*) };
                }
            }
            $plain($($argument),*);
        }
    };
}

/// Whether the other instructions are not to be used: never, but in a test.
#[cfg(all(target_arch = "x86_64", not(test)))]
pub(crate) const fn is_left_alone() -> bool {
    false
}

#[cfg(all(target_arch = "x86_64", test))]
pub(crate) use self::tests::is_left_alone;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use clearcut_image::{Matte, Picture};
    use proptest::prelude::*;

    use crate::foreground::estimate;
    use crate::matting;
    use crate::refine::{RefineOptions, refine};

    static LEFT_ALONE: AtomicBool = AtomicBool::new(false);

    #[cfg(target_arch = "x86_64")]
    pub(crate) fn is_left_alone() -> bool {
        LEFT_ALONE.load(Ordering::Relaxed)
    }

    /// Everything that goes through such loops.
    fn results(photo: &Picture, coarse: &Matte, radius_px: u8) -> [Vec<u8>; 4] {
        let matte = refine(coarse, photo, &RefineOptions { radius_px, ..RefineOptions::default() });
        let cutout = estimate(photo, &matte).into_rgba();
        let solved = matting::solve(coarse, photo);
        [matte.into_alpha(), cutout, estimate(photo, &solved).into_rgba(), solved.into_alpha()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_processor_gives_the_same_pixels(
            (width, height) in (1_u32..150, 1_u32..150),
            (coarse_width, coarse_height) in (1_u32..50, 1_u32..50),
            radius_px in 1_u8..4,
            grain in 1_u32..200,
            seed: u32,
        ) {
            let mut state = seed;
            let mut random = |below: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) % below
            };
            // Two colors side by side, with grain; the matte is 0, a ramp and 255, with gaps.
            let pixels = (0..width * height).flat_map(|at| {
                let base = if at % width < width / 2 { 40 } else { 200 };
                [random(grain), random(grain), random(grain), 255].map(|value| (base + value).min(255) as u8)
            });
            let photo = Picture::from_rgba(width, height, pixels.collect());
            let alpha = (0..coarse_width * coarse_height).map(|at| {
                let ramp = (at % coarse_width * 900 / coarse_width).saturating_sub(300).min(255);
                if random(20) == 0 { random(256) as u8 } else { ramp as u8 }
            });
            let coarse = Matte::from_alpha(coarse_width, coarse_height, alpha.collect());

            let found = results(&photo, &coarse, radius_px);
            LEFT_ALONE.store(true, Ordering::Relaxed);
            let plain = results(&photo, &coarse, radius_px);
            LEFT_ALONE.store(false, Ordering::Relaxed);
            prop_assert!(found == plain);
        }
    }
}
