//! The one blend of this workspace: straight alpha over an opaque color.

/// One channel of `source` with `alpha` over `backdrop`, rounded to the nearest value.
///
/// This is "source over" of the W3C Compositing and Blending Level 1 recommendation (section 5.1) on 8-bit sRGB
/// values without linearization, which is how browsers show a transparent picture over a page color. Exact: alpha 0
/// gives `backdrop`, alpha 255 gives `source`.
pub fn over(source: u8, alpha: u8, backdrop: u8) -> u8 {
    let weighted = u32::from(source) * u32::from(alpha) + u32::from(backdrop) * u32::from(255 - alpha) + 128;
    // Rounded division by 255, exact for every product of two bytes.
    ((weighted + (weighted >> 8)) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::over;

    #[test]
    fn equals_rounded_division_for_every_weight() {
        for source in [0_u8, 1, 77, 128, 254, 255] {
            for backdrop in [0_u8, 1, 99, 128, 255] {
                for alpha in 0..=255_u8 {
                    let exact =
                        (f64::from(source) * f64::from(alpha) + f64::from(backdrop) * f64::from(255 - alpha)) / 255.0;
                    let got = f64::from(over(source, alpha, backdrop));
                    assert!((got - exact).abs() <= 0.5, "{source} at {alpha} over {backdrop}: {got}, exact {exact}");
                }
                assert_eq!(over(source, 0, backdrop), backdrop);
                assert_eq!(over(source, 255, backdrop), source);
            }
        }
    }
}
