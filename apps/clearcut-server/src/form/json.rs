//! `application/json`: one object whose values are text, numbers and truth values.

use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

use super::Form;
use crate::failure::{Code, Failure, Outcome};

/// Reads an object's fields into `form`, in their order; those that are `null` are absent.
pub(super) fn read(form: &mut Form, text: &[u8]) -> Outcome<()> {
    let unreadable =
        |error: serde_json::Error| Failure::new(Code::InvalidRequest, format!("the JSON cannot be read: {error}"));
    let mut reader = serde_json::Deserializer::from_slice(text);
    let (fields, image_urls) = reader.deserialize_map(Fields).map_err(unreadable)?;
    reader.end().map_err(unreadable)?;
    form.image_urls = image_urls;
    fields.into_iter().try_for_each(|(name, value)| form.add_field(name, value))
}

/// The one field whose value is a list of texts.
const LIST: &str = "image_urls";

struct Fields;

impl<'de> Visitor<'de> for Fields {
    /// The fields, and the one list that may be there.
    type Value = (Vec<(String, String)>, Vec<String>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the fields of the request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut fields, mut image_urls) = (Vec::new(), None);
        while let Some(name) = map.next_key::<String>()? {
            if fields.len() >= Form::MAX_FIELDS {
                return Err(A::Error::custom(format_args!("more than {} fields", Form::MAX_FIELDS)));
            }
            if name == LIST {
                if image_urls.replace(map.next_value::<Vec<String>>()?).is_some() {
                    return Err(A::Error::custom(format_args!("`{LIST}` stands there more than once")));
                }
                continue;
            }
            match map.next_value::<Value>()? {
                Value::Text(text) => fields.push((name, text)),
                Value::Absent => {}
                Value::Nested => {
                    let name: String = name.chars().take(60).collect();
                    return Err(A::Error::custom(format_args!(
                        "`{name}` must be text, a number, true or false, not an object or a list"
                    )));
                }
            }
        }
        Ok((fields, image_urls.unwrap_or_default()))
    }
}

enum Value {
    Text(String),
    Absent,
    Nested,
}

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true or false")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Text(truth.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn fields(text: &str) -> Outcome<Vec<(String, String)>> {
        let mut form = Form::empty(1 << 20);
        read(&mut form, text.as_bytes())?;
        Ok(form.rest())
    }

    #[test]
    fn scalars_become_text_and_null_is_absent() {
        let read =
            fields(r#" {"format":"webp","quality":80,"crop":true,"scale":12.5,"shift":-3,"roi":null,"e":"ä\n"} "#);
        let expected =
            [("format", "webp"), ("quality", "80"), ("crop", "true"), ("scale", "12.5"), ("shift", "-3"), ("e", "ä\n")];
        assert_eq!(read.unwrap(), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::text_alone("\"image\"")]
    #[case::a_list("[1,2]")]
    #[case::cut_off("{\"format\":")]
    #[case::nested("{\"border\":{\"width\":4}}")]
    #[case::list_inside("{\"crop_margin\":[1,2]}")]
    #[case::two_objects("{}{}")]
    #[case::not_utf8("{\"a\":\"\u{0}\"}")]
    #[case::deep(&"{\"a\":".repeat(100_000))]
    #[case::deep_lists(&format!("{{\"a\":{}", "[".repeat(100_000)))]
    fn other_json_is_refused(#[case] text: &str) {
        assert_eq!(fields(text).unwrap_err().code(), Code::InvalidRequest);
    }

    #[test]
    fn a_doubled_field_is_kept_twice_so_that_taking_it_fails() {
        let mut form = Form::empty(1 << 20);
        read(&mut form, br#"{"format":"png","format":"webp"}"#).unwrap();
        assert_eq!(form.take("format").unwrap_err().code(), Code::InvalidField);
    }
}
