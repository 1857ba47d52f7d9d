//! Break-glass is an alarm: whoever is told of anything is told of each of its steps, by the real binary.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fixture::probe::{Probe, request};
use fixture::recorder::{Recorder, Reply, Response, echo};
use serde_json::{Value, json};

use super::email::{self, Manner, PASSWORD};
use super::eventually;
use crate::console::{POLICIES, site_of};
use crate::harness::{Site, free_port};
use crate::life::{self, Life, Milestone};

const KEY: [u8; 32] = [9; 32];
const SLACK_TOKEN: &str = "a token of the tests";
/// In the reason, which nobody is told outside.
const WHY: &str = "aeroplane";

/// Everybody who can be told.
struct Told {
    hook: Recorder,
    slack: Recorder,
    mail: email::Server,
}

impl Told {
    fn hooked(&self) -> Vec<Value> {
        self.hook.requests().iter().map(|request| request.json()).collect()
    }

    fn mailed(&self) -> Vec<String> {
        self.mail.mailbox.heard().into_iter().filter(|line| line.starts_with("Date: ")).collect()
    }

    /// Waits until each was told that many steps.
    async fn steps(&self, count: usize) {
        eventually(|| async {
            let told = [self.hook.requests().len(), self.slack.requests().len(), self.mailed().len()];
            told.iter().all(|told| *told >= count).then_some(())
        })
        .await;
    }
}

async fn act(site: &Site, person: &str, path: &str, body: &Value) -> Value {
    let answer = site.api(&site.api_token(person), "POST", &format!("/api/v1/breakglass{path}"), body).await;
    assert_eq!(answer.status(), 200, "{:?}", answer.body);
    answer.json().expect("JSON")
}

async fn propose(site: &Site, server: &str, seconds: u64) -> String {
    let wish = json!({ "reason": WHY, "servers": [server], "seconds": seconds, "people": ["demo/alice"] });
    act(site, "bob", "", &wish).await["id"].as_str().expect("an id").to_owned()
}

/// The gauge, as operators scrape it.
async fn gauge(admin: &str) -> String {
    let mut probe = Probe::connect(admin.parse().expect("an address")).await.expect("a connection");
    probe.send(&request("GET", "/metrics", &[("host", admin)], b"")).await.expect("sent");
    let metrics = probe.response().await.expect("metrics").body;
    let text = String::from_utf8_lossy(&metrics).into_owned();
    let line = text.lines().find(|line| line.starts_with("countersign_breakglass ")).expect("the gauge");
    line.rsplit(' ').next().expect("a value").to_owned()
}

async fn assert_loud(life: &mut Life, words: &str) -> Value {
    let line: Value = serde_json::from_str(&life.said(words).await).expect("a line of JSON");
    assert_eq!(line["level"], json!("ERROR"), "{line}");
    assert!(!line.to_string().contains(WHY));
    line
}

/// The subject of a message, decoded.
fn subject(message: &str) -> String {
    let after = message.split_once("\r\nSubject: ").expect("a subject").1;
    let header: Vec<&str> = after.split("\r\n").take_while(|line| !line.starts_with("Message-ID")).collect();
    let words = header.iter().map(|word| word.trim());
    let word = |word: &str| match word.strip_prefix("=?utf-8?B?").and_then(|word| word.strip_suffix("?=")) {
        Some(word) => String::from_utf8(STANDARD.decode(word).expect("base64")).expect("UTF-8"),
        None => word.to_owned(),
    };
    words.map(word).collect()
}

/// That a request of a webhook is signed as Standard Webhooks says.
fn assert_signed(request: &fixture::recorder::Request) {
    let field = |name: &str| request.head.field(name).expect("a field");
    let signed = format!("{}.{}.", field("webhook-id"), field("webhook-timestamp"));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &KEY);
    let tag = aws_lc_rs::hmac::sign(&key, &[signed.as_bytes(), &request.body].concat());
    assert_eq!(field("webhook-signature"), format!("v1,{}", STANDARD.encode(tag.as_ref())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_of_glass_that_is_broken_broken_further_and_mended() {
    let told = Told {
        hook: Recorder::new(|_| Reply::Respond(Response::empty(204))),
        slack: Recorder::new(|_| Reply::Respond(Response::json(&json!({ "ok": true })))),
        mail: email::Server::start(Manner::Starttls).await,
    };
    let (hook, slack) = (told.hook.start().await.expect("a hook"), told.slack.start().await.expect("Slack"));
    let upstream = Recorder::new(echo).start().await.expect("an upstream");
    let site = site_of(&upstream, ("http://127.0.0.1", POLICIES), 3600).await;
    let admin = format!("127.0.0.1:{}", free_port());
    let approvals = format!(
        "approvals:\n  webhooks:\n    - {{ name: pager, url: \"{}\", secret: {{ file: pager }} }}\n  slack:\n    \
         url: {}\n    token: {{ file: token }}\n    signing_secret: {{ file: token }}\n    channel: C1\n    people: \
         [{{ user: U1, issuer: demo, subject: bob, groups: [operations] }}]\n{}",
        hook.url("/hook"),
        slack.url("/api/chat.postMessage"),
        told.mail.section("starttls"),
    );
    let at = |name: &str| site.directory.path().join(name);
    std::fs::write(at("pager"), format!("whsec_{}", STANDARD.encode(KEY))).expect("written");
    std::fs::write(at("token"), SLACK_TOKEN).expect("written");
    std::fs::write(at("mail.pem"), &told.mail.certificate).expect("written");
    std::fs::write(at("mail.secret"), PASSWORD).expect("written");
    site.edit(|text| {
        let text = text.replace("admin:\n  address: 127.0.0.1:0", &format!("admin:\n  address: {admin}"));
        format!("{text}{approvals}")
    });
    life::log_progress(&site.file);
    let mut life = Life::begin(&site.file);
    life.reach(Milestone::Listening).await;
    assert_eq!(gauge(&admin).await, "0");

    // Broken, then further: at every server, for five seconds.
    let long = propose(&site, "up", 600).await;
    told.steps(1).await;
    act(&site, "carol", &format!("/{long}/confirm"), &json!({})).await;
    assert_eq!(assert_loud(&mut life, "break-glass is in force").await["window"], json!(long));
    assert_eq!(gauge(&admin).await, "1");
    told.steps(2).await;
    let short = propose(&site, "*", 5).await;
    told.steps(3).await;
    act(&site, "carol", &format!("/{short}/confirm"), &json!({})).await;
    assert_eq!(assert_loud(&mut life, "break-glass is in force").await["window"], json!(short));
    told.steps(4).await;
    // Its time is over; the other is ended before.
    let over = assert_loud(&mut life, "break-glass is over").await;
    assert_eq!((&over["window"], &over["why"]), (&json!(short), &json!("expired")));
    assert_eq!(gauge(&admin).await, "1");
    told.steps(5).await;
    act(&site, "bob", &format!("/{long}/end"), &json!({})).await;
    let over = assert_loud(&mut life, "break-glass is over").await;
    assert_eq!((&over["window"], &over["why"]), (&json!(long), &json!("ended")));
    assert_eq!(gauge(&admin).await, "0");
    told.steps(6).await;
    check(&told, &long, &short);
    life.end().await;
    let findings = site.settle().await;
    assert!(findings.sound);
}

fn check(told: &Told, long: &str, short: &str) {
    told.hook.requests().iter().for_each(|request| assert_signed(request));
    // Two steps that are sent at once may arrive in any order.
    let mut hooked = told.hooked();
    hooked.sort_by_key(|body| body["timestamp"].as_str().unwrap_or_default().to_owned());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps: Vec<_> = hooked
        .iter()
        .map(|body| (text(&body["type"]), text(&body["data"]["id"]), text(&body["data"]["ended_because"])))
        .collect();
    let step = |event: &str, id: &str, why: &str| (event.to_owned(), id.to_owned(), why.to_owned());
    let over = [step("breakglass.exited", short, "expired"), step("breakglass.exited", long, "ended")];
    let events = ["breakglass.proposed", "breakglass.entered"];
    assert_eq!(steps[4..], over);
    for (number, step) in steps[..4].iter().enumerate() {
        assert_eq!((&*step.0, &*step.1), (events[number % 2], if number < 2 { long } else { short }));
    }
    let entered = &hooked[1]["data"];
    assert_eq!((&entered["proposer"], &entered["confirmer"]), (&json!("demo/bob"), &json!("demo/carol")));

    let proposed = "Break-glass is proposed: a second administrator may confirm it";
    let entered = "Break-glass IS IN FORCE: held calls go ahead without approval";
    let over = "Break-glass is over";
    let mut expected: Vec<_> =
        [long, short].into_iter().flat_map(|id| [proposed, entered, over].map(|text| (text, id))).collect();
    expected.sort_unstable();
    let said = |text: &str| {
        assert!(text.contains("proposed by demo/bob"), "{text}");
        if text.contains(long) { long } else { short }
    };
    let (posted, mailed) = (told.slack.requests(), told.mailed());
    let posts: Vec<String> = posted.iter().map(|request| request.json().to_string()).collect();
    let mut in_slack: Vec<_> = posts
        .iter()
        .map(|post| {
            // Nothing is decided by a button in Slack.
            assert!(post.contains("\"C1\"") && !post.contains("\"button\""), "{post}");
            let headline = [proposed, entered, over].into_iter().find(|text| post.contains(text));
            (headline.unwrap_or_else(|| panic!("{post}")), said(post))
        })
        .collect();
    in_slack.sort_unstable();
    assert_eq!(in_slack, expected);
    for request in &posted {
        assert_eq!(request.head.field("authorization"), Some(&*format!("Bearer {SLACK_TOKEN}")));
    }
    let subjects: Vec<String> = mailed.iter().map(|mail| subject(mail)).collect();
    let mut by_mail: Vec<_> = subjects
        .iter()
        .zip(&mailed)
        .map(|(subject, mail)| (subject.as_str(), said(&email::text(mail))))
        .collect();
    by_mail.sort_unstable();
    assert_eq!(by_mail, expected);
    let everything = format!("{hooked:?}{posts:?}{mailed:?}");
    let mails: String = mailed.iter().map(|mail| email::text(mail)).collect();
    assert!(!everything.contains(WHY) && !mails.contains(WHY), "the reason is for whoever signs in");
}
