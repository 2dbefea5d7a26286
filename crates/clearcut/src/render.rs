//! Carries a plan out: the one place where a plan's fields become calls of composition and encoders.

use std::time::Instant;

use clearcut_composite::{
    Rect, Shadow, adjust, backdrop, border, canvas, foreground, matting,
    refine::{self, RefineOptions},
    shadow, subject,
};
use clearcut_image::{Effort, EncodeOptions, Limits, Matte, OutputFormat, Picture, Quality, decode, encode};
use clearcut_key::{
    Plan,
    plan::{self, Background, BorderStyle, Channels, Colors, Edges, Format, Margins, Region},
};

use crate::{ErrorKind, Foreground, RemoveError, Timings, presence::Presence, stage::stage};

/// JPEG's quality where the plan says none.
const JPEG_QUALITY: u8 = 90;
/// AVIF's quality where the plan says none.
const AVIF_QUALITY: u8 = 60;

/// An upright photo and the part of it in which a subject was looked for.
#[derive(Debug)]
pub(crate) struct Photo {
    pub(crate) picture: Picture,
    pub(crate) subject_area: Option<Rect>,
}

/// A finished, encoded result.
#[derive(Debug)]
pub(crate) struct Rendition {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
    pub(crate) foreground: Foreground,
}

/// The part of a photo that a plan names.
pub(crate) fn subject_area(picture: &Picture, region: Region) -> Rect {
    let (width_px, height_px) = (picture.width_px(), picture.height_px());
    let Region { x1, y1, x2, y2 } = region;
    let corner = (x1.on_side(width_px), y1.on_side(height_px));
    Rect::between(corner, (x2.on_side(width_px), y2.on_side(height_px)), width_px, height_px)
}

/// From the network's matte to the encoded result.
pub(crate) fn render(
    photo: Photo,
    matte: &Matte,
    presence: Presence,
    plan: &Plan,
    limits: &Limits,
    timings: &mut Timings,
) -> Result<Rendition, RemoveError> {
    let (stage, started) = (stage!("refine").entered(), Instant::now());
    let mut matte = full_size_matte(&photo, matte, plan.edges);
    timings.refine = started.elapsed();
    drop(stage);

    let (stage, started) = (stage!("compose").entered(), Instant::now());
    let mut photo = photo.picture;
    adjust::multiply(&mut matte, &photo);
    let behind = match plan.background {
        Background::Blur(radius) => Some(backdrop::blurred(&photo, &matte, radius.get().into())),
        _ => None,
    };
    if plan.colors == Colors::Estimated {
        foreground::estimate_in_place(&mut photo, &matte);
    }
    adjust_edge(&mut matte, plan);
    let found = subject(&matte).unwrap_or_else(|| Rect::whole(&photo));
    foreground::set_alpha(&mut photo, &matte);
    drop(matte);
    let (picture, found) = compose(photo, found, behind, plan, limits)?;
    timings.compose = started.elapsed();
    drop(stage);

    let (_stage, started) = (stage!("encode").entered(), Instant::now());
    let options = encoding(&picture, plan);
    let bytes = encode(&picture, &options)?;
    timings.encode = started.elapsed();
    Ok(Rendition {
        bytes,
        media_type: options.format.media_type(),
        width_px: picture.width_px(),
        height_px: picture.height_px(),
        foreground: Foreground {
            left_px: found.left_px,
            top_px: found.top_px,
            width_px: found.width_px,
            height_px: found.height_px,
            coverage: presence.coverage,
            confidence: presence.confidence,
        },
    })
}

fn full_size_matte(photo: &Photo, matte: &Matte, edges: Edges) -> Matte {
    let bring = |guide: &Picture| match edges {
        Edges::Refined => refine::refine(matte, guide, &RefineOptions::default()),
        Edges::Matting => matting::solve(matte, guide),
        Edges::Smooth => refine::upsample_bilinear(matte, guide.width_px(), guide.height_px()),
    };
    let picture = &photo.picture;
    match photo.subject_area {
        None => bring(picture),
        Some(area) => {
            let part = bring(&canvas::cut(picture, area));
            canvas::put_back(&part, area, picture.width_px(), picture.height_px())
        }
    }
}

fn adjust_edge(matte: &mut Matte, plan: &Plan) {
    adjust::shift(matte, plan.shift.get().into());
    adjust::feather(matte, plan.feather.get().into());
    if let Some(least) = plan.threshold {
        adjust::threshold(matte, least.get());
    }
}

/// Canvas, border, shadow, background and size, in this order. Answers where the subject is in the result.
fn compose(
    cut_out: Picture,
    subject: Rect,
    behind: Option<Picture>,
    plan: &Plan,
    limits: &Limits,
) -> Result<(Picture, Rect), RemoveError> {
    let (mut picture, mut subject) = (cut_out, subject);
    if let Some(margins) = plan.crop {
        let margins = in_pixels(margins, subject);
        let width = u64::from(subject.width_px) + u64::from(margins.left_px) + u64::from(margins.right_px);
        let height = u64::from(subject.height_px) + u64::from(margins.top_px) + u64::from(margins.bottom_px);
        check_canvas(width, height, limits)?;
        (picture, subject) = canvas::crop(&picture, subject, margins);
    }
    if plan.scale.is_some() || plan.position.is_some() {
        let plan::Position { x, y } = plan.position.unwrap_or(plan::Position::CENTER);
        (picture, subject) = canvas::place(&picture, subject, plan.scale.map(plan::Scale::get), (x.get(), y.get()));
    }
    let mut behind = behind;
    let plan::Border { width, color, style } = plan.border;
    let width_px = u32::from(width.get());
    if width_px > 0 {
        let grown = |side: u32| u64::from(side) + 2 * u64::from(width_px);
        check_canvas(grown(picture.width_px()), grown(picture.height_px()), limits)?;
    }
    let outlined = width_px > 0 && style == BorderStyle::Outline;
    if outlined {
        let (moved_picture, (right_px, down_px)) = border::outline(picture, width_px, color.0);
        picture = moved_picture;
        subject = subject.moved(right_px, down_px);
        behind = behind.map(|behind| canvas::resize(&behind, picture.width_px(), picture.height_px()));
    }
    if let Some(plan::Shadow { opacity, blur, offset_x, offset_y, color }) = plan.shadow {
        let [r, g, b, _] = color.0;
        let look = Shadow {
            color: [r, g, b],
            opacity_percent: opacity.get(),
            blur_px: blur.get().into(),
            right_px: offset_x.get().into(),
            down_px: offset_y.get().into(),
        };
        shadow(&mut picture, &look);
    }
    match &plan.background {
        Background::Transparent => {}
        Background::Color(color) => backdrop::color(&mut picture, color.0),
        Background::Blur(_) => {
            if let Some(behind) = &behind {
                backdrop::picture(&mut picture, behind);
            }
        }
        Background::Image(image) => {
            let behind = decode(image.bytes(), limits).map_err(|error| {
                RemoveError::new(ErrorKind::InvalidPlan, format!("the background picture: {error}"))
            })?;
            backdrop::picture(&mut picture, &behind.picture);
        }
    }
    if width_px > 0 && style == BorderStyle::Frame {
        picture = border::frame(&picture, width_px, color.0);
        subject = subject.moved(width_px, width_px);
    }
    if plan.channels == Channels::Alpha {
        as_grey(&mut picture);
    }
    let size = (picture.width_px(), picture.height_px());
    let max_pixels = plan.max_pixels.map(|area| area.get().into());
    let shrunk = canvas::shrunk_size(
        size,
        plan.max_width.map(plan::Side::get),
        plan.max_height.map(plan::Side::get),
        max_pixels,
    );
    if shrunk != size {
        picture = canvas::resize(&picture, shrunk.0, shrunk.1);
        subject = subject.scaled(size, shrunk);
    }
    Ok((picture, subject))
}

/// Margins and borders may make a canvas larger than any upload was allowed to be.
fn check_canvas(width_px: u64, height_px: u64, limits: &Limits) -> Result<(), RemoveError> {
    // An upload at the limit may still have the widest border.
    const ROOM: u64 = 2;
    if width_px * height_px > u64::from(limits.max_megapixels) * 1_000_000 * ROOM {
        let message = format!("margins and border make a canvas of {width_px}x{height_px} pixels; choose smaller ones");
        return Err(RemoveError::new(ErrorKind::InvalidPlan, message));
    }
    Ok(())
}

fn in_pixels(margins: Margins, subject: Rect) -> canvas::Margins {
    let Margins { top, right, bottom, left } = margins;
    canvas::Margins {
        top_px: top.on_side(subject.height_px),
        right_px: right.on_side(subject.width_px),
        bottom_px: bottom.on_side(subject.height_px),
        left_px: left.on_side(subject.width_px),
    }
}

fn as_grey(picture: &mut Picture) {
    for pixel in picture.rgba_mut().as_chunks_mut::<4>().0 {
        let alpha = pixel[3];
        *pixel = [alpha, alpha, alpha, 255];
    }
}

fn encoding(picture: &Picture, plan: &Plan) -> EncodeOptions {
    let format = match plan.format {
        Format::Jpeg => OutputFormat::Jpeg,
        Format::WebP => OutputFormat::WebP,
        Format::Avif => OutputFormat::Avif,
        Format::Auto if picture.is_opaque() => OutputFormat::Jpeg,
        Format::Png | Format::Auto => OutputFormat::Png,
    };
    let effort = match plan.effort {
        plan::Effort::Fast => Effort::Fast,
        plan::Effort::Best => Effort::Best,
    };
    let default = if format == OutputFormat::Avif { AVIF_QUALITY } else { JPEG_QUALITY };
    let quality = Quality::new(plan.quality.map_or(default, plan::Quality::get)).unwrap_or_default();
    let lossless = format == OutputFormat::WebP && plan.quality.is_none();
    EncodeOptions::new(format).effort(effort).quality(quality).lossless(lossless)
}
