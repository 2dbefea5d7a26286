//! Which representation of a cut-out the client wants: `Accept`, RFC 9110 section 12.5.1.

use std::cmp::Reverse;

use actix_web::http::header::{self, HeaderMap};
use clearcut::plan::Format;
use clearcut_image::OutputFormat;

use crate::failure::{Code, Failure, Outcome};

/// The formats that are chosen among, the best first for a client that named several and prefers none.
const NAMED: [(Format, OutputFormat); 4] = [
    (Format::Avif, OutputFormat::Avif),
    (Format::WebP, OutputFormat::WebP),
    (Format::Png, OutputFormat::Png),
    (Format::Jpeg, OutputFormat::Jpeg),
];

/// The same for a client that takes any: what everybody can read and nothing is lost in comes first.
const ANY: [Format; 4] = [Format::Png, Format::WebP, Format::Jpeg, Format::Avif];

/// What is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Representation {
    /// A description in JSON instead of the picture.
    pub json: bool,
    /// The picture's format; `None` where the request's own stands.
    pub format: Option<Format>,
}

/// What the client accepts: ranges in the header's order.
#[derive(Debug)]
struct Accept(Vec<Range>);

#[derive(Debug)]
struct Range {
    media: String,
    /// In thousandths.
    quality: u16,
}

/// How much a media type is wanted: its quality, then whether it was called by its full name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Wish {
    quality: u16,
    named: bool,
}

impl Representation {
    /// What to answer to a client with these headers. With `format_given` the request names the picture's format
    /// itself, and the header only tells JSON from the picture.
    ///
    /// # Errors
    ///
    /// [`Code::NotAcceptable`]
    pub(crate) fn negotiate(headers: &HeaderMap, format_given: bool) -> Outcome<Self> {
        let accept = Accept::read(headers);
        let picture = if format_given { None } else { accept.picture() };
        let json = accept.wish("application/json").filter(|wish| wish.named);
        let wished = if format_given { accept.any_picture() } else { picture.map(|(_, wish)| wish) };
        match (json, wished) {
            (Some(json), wished) if wished.is_none_or(|picture| json > picture) => {
                // The picture that the JSON tells of.
                let format = picture.map_or(Format::Png, |(format, _)| format);
                Ok(Self { json: true, format: (!format_given).then_some(format) })
            }
            (_, Some(_)) => Ok(Self { json: false, format: picture.map(|(format, _)| format) }),
            (_, None) if format_given => Ok(Self { json: false, format: None }),
            (_, None) => Err(Failure::new(
                Code::NotAcceptable,
                format!("none of the accepted types can be made; accept one of {}", media_types().join(", ")),
            )),
        }
    }
}

/// Every type that can be answered.
pub(crate) fn media_types() -> Vec<&'static str> {
    let pictures = NAMED.iter().map(|(_, format)| *format).filter(|format| format.is_built_in());
    pictures.map(OutputFormat::media_type).chain(["application/json"]).collect()
}

impl Accept {
    /// Ranges that cannot be read are passed over. Without a header everything is accepted.
    fn read(headers: &HeaderMap) -> Self {
        let mut ranges: Vec<Range> = Vec::new();
        let mut any = true;
        for value in headers.get_all(header::ACCEPT) {
            let value = value.to_str().unwrap_or("invalid");
            any &= value.trim().is_empty();
            ranges.extend(value.split(',').filter_map(Range::read));
        }
        if any {
            ranges.push(Range { media: "*/*".to_owned(), quality: 1000 });
        }
        Self(ranges)
    }

    /// How much a media type is wanted; `None` if not at all. The most specific range counts.
    fn wish(&self, media: &str) -> Option<Wish> {
        let family = media.split('/').next().unwrap_or_default();
        let ranges = self.0.iter().filter_map(|range| {
            let specificity = match range.media.split_once('/')? {
                _ if range.media == media => 2,
                (kind, "*") if kind == family => 1,
                ("*", "*") => 0,
                _ => return None,
            };
            Some((specificity, range.quality))
        });
        let (specificity, quality) = ranges.max()?;
        (quality > 0).then_some(Wish { quality, named: specificity == 2 })
    }

    /// The picture format that is wanted most.
    fn picture(&self) -> Option<(Format, Wish)> {
        let built_in = NAMED.iter().filter(|(_, output)| output.is_built_in());
        let wishes = built_in.filter_map(|(format, output)| Some((*format, self.wish(output.media_type())?)));
        wishes.min_by_key(|(format, wish)| {
            let place = if wish.named {
                NAMED.iter().position(|(named, _)| named == format)
            } else {
                ANY.iter().position(|any| any == format)
            };
            (Reverse(*wish), place)
        })
    }

    /// How much any picture is wanted.
    fn any_picture(&self) -> Option<Wish> {
        NAMED.iter().filter_map(|(_, output)| self.wish(output.media_type())).max()
    }
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().filter(|media| media.contains('/'))?.to_ascii_lowercase();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = match quality {
            Some(quality) => quality.parse::<f32>().ok().filter(|quality| (0.0..=1.0).contains(quality))?,
            None => 1.0,
        };
        Some(Self { media, quality: (quality * 1000.0).round() as u16 })
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use rstest::rstest;

    use super::*;

    fn negotiate(accept: &str, format_given: bool) -> Outcome<Representation> {
        let mut headers = HeaderMap::new();
        for value in accept.split('|').filter(|value| *value != "absent") {
            headers.append(header::ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        Representation::negotiate(&headers, format_given)
    }

    #[rstest]
    #[case::no_header("absent", Format::Png)]
    #[case::empty("", Format::Png)]
    #[case::anything("*/*", Format::Png)]
    #[case::any_image("image/*", Format::Png)]
    #[case::by_name("image/webp", Format::WebP)]
    #[case::in_capitals("Image/WebP", Format::WebP)]
    #[case::jpeg("image/jpeg", Format::Jpeg)]
    #[case::named_before_wildcard("image/webp,*/*", Format::WebP)]
    #[case::a_browser("text/html,image/webp,image/apng,*/*;q=0.8", Format::WebP)]
    #[case::by_quality("image/webp;q=0.5, image/jpeg;q=0.6", Format::Jpeg)]
    #[case::parameters("image/jpeg;level=1;q=0.6, image/webp;q=0.5", Format::Jpeg)]
    #[case::wildcard_wanted_more("image/png;q=0.9,*/*", Format::WebP)]
    #[case::excluded("image/png;q=0,image/*", Format::WebP)]
    #[case::two_headers("text/html|image/jpeg", Format::Jpeg)]
    #[case::nonsense_beside_it("nonsense, ;;, image/jpeg;q=2, image/webp;q=0.1", Format::WebP)]
    fn the_picture_that_is_wanted_most_is_made(#[case] accept: &str, #[case] format: Format) {
        assert_eq!(negotiate(accept, false).unwrap(), Representation { json: false, format: Some(format) });
        assert_eq!(negotiate(accept, true).unwrap(), Representation { json: false, format: None });
    }

    #[test]
    fn avif_is_made_where_it_is_built_in() {
        let best = negotiate("image/avif,image/webp", false).unwrap().format.unwrap();
        assert_eq!(best == Format::Avif, OutputFormat::Avif.is_built_in());
        assert_eq!(negotiate("image/avif", false).is_ok(), OutputFormat::Avif.is_built_in());
    }

    #[rstest]
    #[case::alone("application/json", Format::Png)]
    #[case::a_library("application/json, text/plain, */*", Format::Png)]
    #[case::with_a_format("application/json, image/webp;q=0.5", Format::WebP)]
    fn json_is_answered_to_those_who_name_it(#[case] accept: &str, #[case] format: Format) {
        assert_eq!(negotiate(accept, false).unwrap(), Representation { json: true, format: Some(format) });
        assert_eq!(negotiate(accept, true).unwrap(), Representation { json: true, format: None });
    }

    #[test]
    fn a_picture_goes_before_json_that_is_wanted_as_much() {
        assert!(!negotiate("application/json, image/png", false).unwrap().json);
        assert!(!negotiate("application/json;q=0.5, */*", false).unwrap().json);
    }

    #[rstest]
    #[case("text/html")]
    #[case("image/gif, video/*")]
    #[case("image/*;q=0")]
    #[case("application/json;q=0, text/*")]
    #[case("nonsense")]
    #[case("image/png;q=high")]
    fn nothing_acceptable_is_refused_unless_the_request_names_a_format(#[case] accept: &str) {
        assert_eq!(negotiate(accept, false).unwrap_err().code(), Code::NotAcceptable);
        assert_eq!(negotiate(accept, true).unwrap(), Representation { json: false, format: None });
    }
}
