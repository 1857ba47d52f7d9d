//! A recognizer of names and free text outside the gateway: an HTTP service that speaks the API of Presidio's analyzer
//! (`POST /analyze` with `text`, `language`, `entities`; an array of `entity_type`, `start`, `end`, `score`).
//!
//! What it answers is not believed blindly: an answer that does not fit the text it was asked about is a failure, and
//! whatever fails refuses the message, unless the operator said otherwise.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use inspect::mask::Mark;
use inspect::walk::Span;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::config::{self, OnFailure};
use crate::limits;
use crate::trust;

/// Between two texts of one request: no sentence goes on over it.
const BETWEEN: &str = "\n\n";

/// The way to the service.
#[derive(Debug)]
pub struct Recognizer {
    uri: Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    places: Semaphore,
    timeout: Duration,
    threshold: u8,
    language: String,
    entities: Vec<String>,
    /// What becomes of a message that it failed on.
    pub on_failure: OnFailure,
}

/// Why nothing is known about a message. Holds no byte of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecognizerError {
    /// No answer in time, places for the question included.
    #[error("the recognizer did not answer within {0:?}")]
    Timeout(Duration),
    /// No connection, or it broke.
    #[error("the recognizer cannot be reached")]
    Unreachable,
    /// Another status than 200.
    #[error("the recognizer answered {0}")]
    Status(StatusCode),
    /// Its answer is larger than is read, or is not what the API says.
    #[error("the recognizer's answer is unusable: {0}")]
    Answer(&'static str),
    /// More text than it is asked about.
    #[error("the message holds more text than a recognizer is asked about ({0} bytes)")]
    TooMuch(usize),
}

/// One thing that was found, as the API says it. Members besides these are not looked at.
#[derive(Debug, Deserialize)]
struct Entity {
    #[serde(rename = "entity_type")]
    kind: String,
    /// In code points.
    start: usize,
    end: usize,
    score: f64,
}

impl Recognizer {
    /// Prepares the connection pool; connects to nothing yet.
    ///
    /// # Errors
    /// What is wrong with the configuration, for the operator.
    pub fn new(recognizer: &config::Recognizer) -> Result<Self, String> {
        let url = &recognizer.url;
        let uri = url.as_str().parse().map_err(|error| format!("`{url}` is no address: {error}"))?;
        let connector = trust::connector(recognizer.authorities.as_deref())?;
        Ok(Self {
            uri,
            client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector),
            places: Semaphore::new(recognizer.concurrency),
            timeout: Duration::from_millis(recognizer.timeout_ms),
            threshold: recognizer.threshold,
            language: recognizer.language.clone(),
            entities: recognizer.entities.clone(),
            on_failure: recognizer.on_failure,
        })
    }

    /// What the service finds in the texts of one message.
    ///
    /// # Errors
    /// [`RecognizerError`]: then nothing is known about any of them.
    pub async fn recognize(&self, texts: &[String]) -> Result<Vec<Mark>, RecognizerError> {
        let bytes: usize = texts.iter().map(|text| text.len() + BETWEEN.len()).sum();
        if bytes > limits::RECOGNIZED_BYTES_MAX {
            return Err(RecognizerError::TooMuch(limits::RECOGNIZED_BYTES_MAX));
        }
        let all = async {
            // Never closed, so there is a place sooner or later.
            let _place = self.places.acquire().await;
            let mut marks = Vec::new();
            for asked in Asked::of(texts) {
                let found = self.ask(&asked.text).await?;
                asked.mark(&found, self.threshold, &self.entities, &mut marks)?;
            }
            Ok(marks)
        };
        tokio::time::timeout(self.timeout, all).await.map_err(|_| RecognizerError::Timeout(self.timeout))?
    }

    async fn ask(&self, text: &str) -> Result<Vec<Entity>, RecognizerError> {
        let mut question = serde_json::json!({ "text": text, "language": self.language });
        if !self.entities.is_empty() {
            question["entities"] = self.entities.clone().into();
        }
        let mut request = Request::new(Full::new(Bytes::from(question.to_string())));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = self.client.request(request).await.map_err(|_| RecognizerError::Unreachable)?;
        if answer.status() != StatusCode::OK {
            return Err(RecognizerError::Status(answer.status()));
        }
        let body = Limited::new(answer.into_body(), limits::RECOGNIZER_ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|_| RecognizerError::Answer("it broke off, or is too large"))?;
        serde_json::from_slice(&body.to_bytes())
            .map_err(|_| RecognizerError::Answer("it is no array of findings"))
    }
}

/// The text of one request, and where in it the texts of the message stand.
struct Asked {
    text: String,
    /// Number of the text, and its place in bytes.
    places: Vec<(usize, Span)>,
}

impl Asked {
    /// Texts in requests: as many together as one may hold, and none divided.
    fn of(texts: &[String]) -> Vec<Self> {
        let mut requests: Vec<Self> = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let fits =
                |asked: &&mut Self| asked.text.len() + text.len() <= limits::RECOGNIZER_REQUEST_BYTES_MAX;
            let asked = match requests.last_mut().filter(fits) {
                Some(asked) => {
                    asked.text.push_str(BETWEEN);
                    asked
                }
                None => {
                    requests.push(Self { text: String::new(), places: Vec::new() });
                    // Unwrap safety: it was pushed.
                    requests.last_mut().expect("one")
                }
            };
            let start = asked.text.len();
            asked.text.push_str(text);
            asked.places.push((number, Span::new(start, asked.text.len())));
        }
        requests
    }

    /// What was found, as parts of the texts of the message. What goes over the end of one is a part of each.
    fn mark(
        &self,
        found: &[Entity],
        threshold: u8,
        entities: &[String],
        marks: &mut Vec<Mark>,
    ) -> Result<(), RecognizerError> {
        // Code points to bytes.
        let mut bytes: Vec<usize> = self.text.char_indices().map(|(at, _)| at).collect();
        bytes.push(self.text.len());
        for entity in found {
            let Entity { kind, start, end, score } = entity;
            let place = bytes.get(*start).zip(bytes.get(*end)).filter(|(start, end)| start < end);
            let (start, end) = place.ok_or(RecognizerError::Answer("a finding lies outside of the text"))?;
            let confidence =
                percent(*score).ok_or(RecognizerError::Answer("a score is not between 0 and 1"))?;
            let name = name(kind).ok_or(RecognizerError::Answer("an entity has no plain name"))?;
            if confidence < threshold || !(entities.is_empty() || entities.contains(kind)) {
                continue;
            }
            // Places stand in the order of the text: what a finding touches is found without looking at all of them.
            let first = self.places.partition_point(|(_, place)| place.end <= *start);
            let touched = self.places[first..].iter().take_while(|(_, place)| place.start < *end);
            for (text, place) in touched {
                let (from, to) = (place.start.max(*start), place.end.min(*end));
                if from < to {
                    let span = Span::new(from - place.start, to - place.start);
                    marks.push(Mark { text: *text, span, name: name.clone(), confidence });
                }
            }
            if marks.len() > limits::RECOGNIZED_MARKS_MAX {
                return Err(RecognizerError::Answer("there are too many findings"));
            }
        }
        Ok(())
    }
}

/// A score as a confidence from 0 to 100.
fn percent(score: f64) -> Option<u8> {
    (0_u8..=100).rev().find(|percent| f64::from(*percent) <= score * 100.0).filter(|_| score <= 1.0)
}

/// `PERSON` as policies and receipts know it: `recognizer-person`.
fn name(entity: &str) -> Option<Arc<str>> {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = (1..=limits::RECOGNIZER_ENTITY_BYTES_MAX).contains(&entity.len());
    if !fits || !entity.bytes().all(plain) {
        return None;
    }
    Some(format!("recognizer-{}", entity.to_ascii_lowercase().replace('_', "-")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(texts: &[&str], found: &str) -> Result<Vec<(usize, String, String)>, RecognizerError> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let mut marks = Vec::new();
        for asked in Asked::of(&texts) {
            let found: Vec<Entity> = serde_json::from_str(found).expect("entities");
            asked.mark(&found, 50, &["PERSON".to_owned()], &mut marks)?;
        }
        let of = |mark: Mark| (mark.text, mark.span.of(&texts[mark.text]).to_owned(), mark.name.to_string());
        Ok(marks.into_iter().map(of).collect())
    }

    #[test]
    fn offsets_count_code_points_over_all_texts_of_a_request() {
        let person = |text: usize, part: &str| (text, part.to_owned(), "recognizer-person".to_owned());
        let texts = ["😀 Zoë", "ask Ämin now"];
        let one = r#"[{"entity_type":"PERSON","start":2,"end":5,"score":0.85,"analysis_explanation":null}]"#;
        assert_eq!(marked(&texts, one), Ok(vec![person(0, "Zoë")]));
        let two = r#"[{"entity_type":"PERSON","start":11,"end":15,"score":1}]"#;
        assert_eq!(marked(&texts, two), Ok(vec![person(1, "Ämin")]));
        let over = r#"[{"entity_type":"PERSON","start":2,"end":10,"score":0.5}]"#;
        assert_eq!(marked(&texts, over), Ok(vec![person(0, "Zoë"), person(1, "ask")]));
        for low in
            [r#""PERSON","start":2,"end":5,"score":0.49"#, r#""DATE_TIME","start":2,"end":5,"score":0.9"#]
        {
            assert_eq!(marked(&texts, &format!(r#"[{{"entity_type":{low}}}]"#)), Ok(vec![]));
        }
    }

    #[test]
    fn finding_over_an_empty_text_and_several_others_marks_each_it_touches() {
        let person = |text: usize, part: &str| (text, part.to_owned(), "recognizer-person".to_owned());
        let gap = BETWEEN.len();
        let texts = ["ab", "", "cd", "ef"];
        let entity = |start: usize, end: usize| {
            format!(r#"[{{"entity_type":"PERSON","start":{start},"end":{end},"score":1}}]"#)
        };
        let over = entity(1, 2 + 3 * gap + 2 + 1);
        assert_eq!(marked(&texts, &over), Ok(vec![person(0, "b"), person(2, "cd"), person(3, "e")]));
        let last = entity(4 + 3 * gap, 6 + 3 * gap);
        assert_eq!(marked(&texts, &last), Ok(vec![person(3, "ef")]));
        assert_eq!(marked(&texts, &entity(2, 2 + gap)), Ok(vec![]));
    }

    #[test]
    fn answer_that_does_not_fit_its_text_is_a_failure() {
        for entity in [
            r#""PERSON","start":2,"end":19,"score":1"#,
            r#""PERSON","start":3,"end":3,"score":1"#,
            r#""PERSON","start":5,"end":2,"score":1"#,
            r#""PERSON","start":2,"end":5,"score":1.5"#,
            r#""PERSON","start":2,"end":5,"score":-1"#,
            r#""per son","start":2,"end":5,"score":1"#,
            r#""","start":2,"end":5,"score":1"#,
        ] {
            let found = format!(r#"[{{"entity_type":{entity}}}]"#);
            assert!(matches!(marked(&["😀 Zoë"], &found), Err(RecognizerError::Answer(_))), "{entity}");
        }
    }

    #[test]
    fn texts_are_asked_about_together_and_never_divided() {
        let long = "a".repeat(limits::RECOGNIZER_REQUEST_BYTES_MAX);
        let asked = Asked::of(&["x".to_owned(), "y".to_owned(), long.clone(), "z".to_owned()]);
        let texts: Vec<&str> = asked.iter().map(|asked| asked.text.as_str()).collect();
        assert_eq!(texts, ["x\n\ny", long.as_str(), "z"]);
        assert!(Asked::of(&[]).is_empty());
    }
}
