//! The configuration and the context: a small reader of JSON.
use crate::PressureLevel;
use alloc::string::String;
use alloc::vec::Vec;

/// A view of one JSON value; an empty one stands for what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    pub fn new(text: &'a str) -> Self {
        Json(text.trim_matches(is_space))
    }
    pub fn exists(self) -> bool {
        !self.0.is_empty()
    }
    /// As written, quotes and escapes included.
    pub fn raw(self) -> &'a str {
        self.0
    }
    pub fn is_text(self) -> bool {
        self.0.starts_with('"')
    }

    /// The members of an object; names are as written.
    pub fn members(self) -> Vec<(&'a str, Json<'a>)> {
        let mut all = Vec::new();
        let Some(mut rest) = self.0.strip_prefix('{') else { return all };
        loop {
            rest = rest.trim_start_matches(is_space);
            if !rest.starts_with('"') {
                return all;
            }
            let (key, after) = rest.split_at(end_of(rest));
            let Some(value) = after.trim_start_matches(is_space).strip_prefix(':') else {
                return all;
            };
            let value = value.trim_start_matches(is_space);
            let (value, after) = value.split_at(end_of(value));
            if key.len() >= 2 && !value.is_empty() {
                all.push((&key[1..key.len() - 1], Json(value)));
            }
            let Some(next) = after.trim_start_matches(is_space).strip_prefix(',') else {
                return all;
            };
            rest = next;
        }
    }
    /// The items of an array.
    pub fn items(self) -> Vec<Json<'a>> {
        let mut all = Vec::new();
        let Some(mut rest) = self.0.strip_prefix('[') else { return all };
        loop {
            rest = rest.trim_start_matches(is_space);
            let (value, after) = rest.split_at(end_of(rest));
            if value.is_empty() {
                return all;
            }
            all.push(Json(value));
            let Some(next) = after.trim_start_matches(is_space).strip_prefix(',') else {
                return all;
            };
            rest = next;
        }
    }
    /// The member of an object.
    pub fn get(self, key: &str) -> Json<'a> {
        self.members().into_iter().find(|(name, _)| *name == key).map_or(Json(""), |(_, v)| v)
    }

    /// A text without quotes and escapes; anything else as written; `None` when there is nothing.
    pub fn text(self) -> Option<String> {
        if !self.exists() {
            return None;
        }
        if !self.is_text() || self.0.len() < 2 {
            return Some(self.0.into());
        }
        Some(unescaped(&self.0[1..self.0.len() - 1]))
    }
    pub fn number(self) -> Option<f64> {
        self.0.parse().ok().filter(|value: &f64| value.is_finite())
    }
    pub fn flag(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

fn end_of_text(text: &[u8], quote: usize) -> usize {
    let mut i = quote + 1;
    while i < text.len() && text[i] != b'"' {
        i += if text[i] == b'\\' { 2 } else { 1 };
    }
    (i + 1).min(text.len())
}

/// Where the value that `text` begins with ends.
fn end_of(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut depth = 0;
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b',' | b'}' | b']' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return i,
            b'"' => {
                i = end_of_text(bytes, i);
                if depth == 0 {
                    return i;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return i + 1;
                }
            }
            _ => {}
        }
        i += 1;
    }
    bytes.len()
}

fn hex4(chars: &mut core::str::Chars) -> u32 {
    chars.by_ref().take(4).fold(0, |value, c| value * 16 + c.to_digit(16).unwrap_or(0))
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let mut code = hex4(&mut chars);
                if (0xd800..0xdc00).contains(&code) && chars.as_str().starts_with("\\u") {
                    chars.nth(1);
                    let low = hex4(&mut chars).wrapping_sub(0xdc00) & 0x3ff;
                    code = 0x10000 + ((code - 0xd800) << 10) + low;
                }
                out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// The plugin's configuration: the manifest's `[config]`, then what the operator set.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a>(Json<'a>);

impl<'a> Config<'a> {
    pub fn new(json: &'a str) -> Self {
        Config(Json::new(json))
    }
    pub fn get(&self, key: &str) -> Json<'a> {
        self.0.get(key)
    }
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).text()
    }
    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key).number()
    }
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).flag()
    }
    /// The texts of a list; a single text is a list of one.
    pub fn list(&self, key: &str) -> Vec<String> {
        let value = self.get(key);
        if value.is_text() {
            return value.text().into_iter().collect();
        }
        value.items().into_iter().filter_map(Json::text).collect()
    }
}

/// A source of the proxy; rows give its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub kind: String,
    pub url: String,
}

/// What is known when a generation begins.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a>(Json<'a>);

impl<'a> Context<'a> {
    pub fn new(json: &'a str) -> Self {
        Context(Json::new(json))
    }
    pub fn json(&self) -> Json<'a> {
        self.0
    }
    fn number(&self, key: &str) -> f64 {
        self.0.get(key).number().unwrap_or(0.0)
    }
    pub fn proxy(&self) -> String {
        self.0.get("proxy").text().unwrap_or_default()
    }
    /// The run's time, seconds since 1970.
    pub fn now(&self) -> i64 {
        self.number("now") as i64
    }
    pub fn chunk_rows(&self) -> usize {
        self.number("chunk_rows") as usize
    }
    /// The source that a source_loading plugin reads.
    pub fn source(&self) -> u16 {
        self.number("source") as u16
    }
    pub fn pressure(&self) -> PressureLevel {
        PressureLevel::from_number(self.number("pressure") as i32)
    }
    pub fn sources(&self) -> Vec<Source> {
        let text = |item: Json, key| item.get(key).text().unwrap_or_default();
        let items = self.0.get("sources").items();
        items
            .into_iter()
            .map(|item| Source {
                name: text(item, "name"),
                kind: text(item, "type"),
                url: text(item, "url"),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn values_of_every_kind_are_read() {
        let config = Config::new(
            r#" {"group" : "Sports", "words": ["a\"b", "\u00fc\ud83c\udfac\n"], "one": "x", "n": -12.5,
            "on": true, "nested": {"group": [1, {"a": "}"}]}, "null": null} "#,
        );
        assert_eq!(config.text("group").as_deref(), Some("Sports"));
        assert_eq!(config.text("missing"), None);
        assert_eq!(config.number("n"), Some(-12.5));
        assert_eq!(config.number("group"), None);
        assert_eq!(config.flag("on"), Some(true));
        assert_eq!(config.list("words"), vec!["a\"b", "ü🎬\n"]);
        assert_eq!(config.list("one"), vec!["x"]);
        assert_eq!(config.get("nested").get("group").raw(), r#"[1, {"a": "}"}]"#);
        assert!(config.list("missing").is_empty());
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for json in ["", "[]", "{", "{\"a", "{\"a\"", "{\"a\":", "null", "{}", "{\"a\" 1}"] {
            assert_eq!(Config::new(json).text("a"), None, "{json}");
        }
    }

    #[test]
    fn the_context_is_read() {
        let context = Context::new(
            r#"{"proxy": "default", "now": 1790000000, "chunk_rows": 1000, "sources":
            [{"name": "tv", "type": "m3u", "url": "http://host/a"}], "source": 2, "pressure": 3}"#,
        );
        assert_eq!(context.now(), 1_790_000_000);
        assert_eq!(context.chunk_rows(), 1000);
        assert_eq!(context.source(), 2);
        assert_eq!(context.pressure(), PressureLevel::Critical);
        assert_eq!(context.sources().len(), 1);
        assert_eq!(context.sources()[0].kind, "m3u");
    }
}
