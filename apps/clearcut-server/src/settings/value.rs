//! How the values of settings are read and written, by their type.

use std::{net::IpAddr, num::NonZeroUsize, path::PathBuf, time::Duration};

use clearcut_segment::Provider;
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use toml::Value;

use super::{Preset, QueueKind, RuntimeName};

/// A value as its source gives it.
#[derive(Debug)]
pub(super) enum Raw {
    /// From the environment or a flag. Lists are separated by commas.
    Text(String),
    /// From a file.
    Toml(Value),
}

/// A type that settings have.
pub(super) trait SettingValue: Sized {
    /// What is expected, for messages and the reference.
    const EXPECTED: &'static str;
    /// Whether the value must never be shown.
    const SECRET: bool;

    /// The value, or `None` if it is not what is expected.
    fn read(raw: &Raw) -> Option<Self>;

    /// As a file would say it; `None` where the setting is absent.
    fn write(&self) -> Option<Value>;
}

impl Raw {
    /// A value that is not a list, as text.
    fn scalar(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.trim().to_owned()),
            Self::Toml(value) => scalar(value),
        }
    }

    /// All values of a list.
    fn list(&self) -> Option<Vec<Self>> {
        let split = |text: &str| {
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Self::Text(part.to_owned()))
                .collect()
        };
        match self {
            Self::Text(text) | Self::Toml(Value::String(text)) => Some(split(text)),
            Self::Toml(Value::Array(values)) => values.iter().map(|value| scalar(value).map(Self::Text)).collect(),
            Self::Toml(_) => None,
        }
    }

    /// What a message may show of it.
    pub(super) fn shown(&self) -> String {
        let text = match self {
            Self::Text(text) => text.clone(),
            Self::Toml(value) => scalar(value).unwrap_or_else(|| value.to_string()),
        };
        text.chars().take(60).collect()
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Types that are read by their `FromStr` and written by an expression.
macro_rules! parsed {
    ($($type:ty, $expected:literal, |$value:ident| $write:expr;)+) => {$(
        impl SettingValue for $type {
            const EXPECTED: &'static str = $expected;
            const SECRET: bool = false;

            fn read(raw: &Raw) -> Option<Self> {
                raw.scalar()?.parse().ok()
            }

            fn write(&self) -> Option<Value> {
                let $value = self;
                Some($write)
            }
        }
    )+};
}

parsed! {
    RuntimeName, "tract or ort", |name| Value::String(name.to_string());
    Provider, "cpu, cuda, tensorrt, coreml, openvino, rocm or directml", |provider| Value::String(provider.to_string());
    IpNet, "a network such as 10.0.0.0/8", |network| Value::String(network.to_string());
    u16, "a number from 0 to 65535", |number| Value::Integer((*number).into());
    u32, "a whole number", |number| Value::Integer((*number).into());
    u64, "a whole number", |number| Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX));
    usize, "a whole number", |number| Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX));
    QueueKind, "auto, memory or redis", |kind| Value::String(kind.as_str().to_owned());
    NonZeroUsize, "a whole number from 1", |number| Value::Integer(i64::try_from(number.get()).unwrap_or(i64::MAX));
}

impl SettingValue for IpAddr {
    const EXPECTED: &'static str = "an IP address";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        match raw.scalar()?.as_str() {
            "localhost" => Some(Self::from([127, 0, 0, 1])),
            text => text.parse().ok(),
        }
    }

    fn write(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl SettingValue for bool {
    const EXPECTED: &'static str = "true or false";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        match raw.scalar()?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

impl SettingValue for f64 {
    const EXPECTED: &'static str = "a number from 0";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        raw.scalar()?.parse().ok().filter(|number: &Self| number.is_finite() && *number >= 0.0)
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Float(*self))
    }
}

impl SettingValue for String {
    const EXPECTED: &'static str = "text";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        raw.scalar().filter(|text| !text.is_empty())
    }

    fn write(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl SettingValue for PathBuf {
    const EXPECTED: &'static str = "a path";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        String::read(raw).map(Self::from)
    }

    fn write(&self) -> Option<Value> {
        Some(Value::String(self.display().to_string()))
    }
}

impl SettingValue for SecretString {
    const EXPECTED: &'static str = "text";
    const SECRET: bool = true;

    fn read(raw: &Raw) -> Option<Self> {
        String::read(raw).map(Self::from)
    }

    fn write(&self) -> Option<Value> {
        Some(Value::String(self.expose_secret().to_owned()))
    }
}

impl SettingValue for Duration {
    const EXPECTED: &'static str = "a time such as 15s, 10m, 2h, 7d, or a number of seconds";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        let text = raw.scalar()?;
        let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit_s = match unit.trim() {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        Self::try_from_secs_f64(number.parse::<f64>().ok()? * unit_s).ok()
    }

    fn write(&self) -> Option<Value> {
        let (s, ms) = (self.as_secs(), self.subsec_millis());
        Some(Value::String(match () {
            () if ms > 0 => format!("{}ms", self.as_millis()),
            () if s > 0 && s % 3_600 == 0 => format!("{}h", s / 3_600),
            () if s > 0 && s % 60 == 0 => format!("{}m", s / 60),
            () => format!("{s}s"),
        }))
    }
}

/// Absent when empty, so that a flag can take back what a file says.
impl<T: SettingValue> SettingValue for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const SECRET: bool = T::SECRET;

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Text(text) if text.trim().is_empty() => Some(None),
            _ => T::read(raw).map(Some),
        }
    }

    fn write(&self) -> Option<Value> {
        self.as_ref().and_then(T::write)
    }
}

/// Types that stand in lists.
trait ListItem: SettingValue {
    const LIST: &'static str;
}

impl ListItem for String {
    const LIST: &'static str = "a list of texts";
}

impl ListItem for SecretString {
    const LIST: &'static str = "a list of texts";
}

impl ListItem for IpNet {
    const LIST: &'static str = "a list of networks such as 10.0.0.0/8";
}

impl<T: ListItem> SettingValue for Vec<T> {
    const EXPECTED: &'static str = T::LIST;
    const SECRET: bool = T::SECRET;

    fn read(raw: &Raw) -> Option<Self> {
        raw.list()?.iter().map(T::read).collect()
    }

    fn write(&self) -> Option<Value> {
        Some(Value::Array(self.iter().filter_map(T::write).collect()))
    }
}

impl SettingValue for Vec<Preset> {
    const EXPECTED: &'static str = "a list of tables with name, format, quality, max_width and max_height";
    const SECRET: bool = false;

    fn read(raw: &Raw) -> Option<Self> {
        match raw {
            Raw::Toml(value) => value.clone().try_into().ok(),
            Raw::Text(text) => {
                let mut table: toml::Table = toml::from_str(&format!("presets = {text}")).ok()?;
                table.remove("presets")?.try_into().ok()
            }
        }
    }

    fn write(&self) -> Option<Value> {
        Value::try_from(self).ok()
    }
}
