//! A form as lenient wires read it: what is empty is absent, and truth has many spellings.

use crate::{
    failure::{Failure, Outcome},
    form::Form,
};

/// A form whose empty fields are absent.
#[derive(Debug)]
pub(super) struct Lenient(pub(super) Form);

impl Lenient {
    /// A field's text, trimmed; `None` where it is absent or empty.
    pub(super) fn text(&mut self, name: &str) -> Outcome<Option<String>> {
        let text = self.0.take(name)?.map(|text| text.trim().to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// A truth value; `None` where it is absent or empty.
    pub(super) fn switch(&mut self, name: &str) -> Outcome<Option<bool>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "on" | "t" => Ok(Some(true)),
            "false" | "0" | "no" | "n" | "off" | "f" => Ok(Some(false)),
            _ => Err(Failure::field(format!("invalid value for `{name}`; write true or false"))),
        }
    }
}
