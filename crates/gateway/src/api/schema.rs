//! The API as OpenAPI 3.1 (<https://spec.openapis.org/oas/v3.1.1>), generated from the table of endpoints.

use serde_json::{Map, Value, json};

use super::table::{ENDPOINTS, Endpoint, Need, Record};

/// Parameters in the query: name, type, what it means.
pub(super) const PARAMETERS: &[(&str, &str, &str)] = &[
    ("after", "string", "continue after the previous page: its `next`"),
    ("at", "string", "as of when (RFC 3339); default: now"),
    ("before", "string", "continue after the previous page: its `next`"),
    ("decision", "string", "`allow`, `hold` or `deny`"),
    (
        "for",
        "string",
        "what was done for this person by whoever works for them or acts on their behalf: `issuer/subject`, or a pseudonym",
    ),
    ("from", "string", "not earlier (RFC 3339); of leaves: the first index"),
    ("group", "string", "only who is in this group"),
    ("kind", "string", "`tool` (default), `prompt` or `resource`"),
    ("limit", "integer", "most elements of the page"),
    ("n", "integer", "how many, 1 to 256"),
    ("people", "string", "`groups` (default) or `persons`"),
    ("person", "string", "`issuer/subject`, or a pseudonym"),
    ("server", "string", "name of a server"),
    ("session", "string", "id of a recording session"),
    ("size", "integer", "size of the checkpoint; default: the latest"),
    ("state", "string", "`live` (default) or `all`"),
    (
        "status",
        "string",
        "how it ended: `ok`, `tool_error`, `upstream_error`, `timeout`, `cancelled`, `caller_gone`, `orphaned`",
    ),
    ("text", "string", "one word of a call's leaves: of names, policies, statements"),
    ("to", "string", "earlier (RFC 3339)"),
    ("tool", "string", "name of a tool, prompt or resource"),
    ("window", "string", "`15m`, `1h` (default), `24h` or `7d`"),
];

/// Schemas of bodies and answers, as JSON. Members not named may be added in later releases.
#[rustfmt::skip]
pub(super) const SCHEMAS: &[(&str, &str)] = &[
    (
        "Access",
        r#"{"type":"object","required":["at","policy_set","subjects","rows"],"properties":{"at":{"type":"string","format":"date-time"},"policy_set":{"type":"string"},"subjects":{"type":"array","items":{"type":"object"}},"rows":{"type":"array","items":{"type":"object"}},"concerns":{"type":"array","items":{"type":"object"}},"notes":{"type":"array","items":{"type":"string"}}}}"#,
    ),
    (
        "Approval",
        r#"{"type":"object","required":["id","state","server","method","requester","call"],"properties":{"id":{"type":"string","format":"uuid"},"state":{"enum":["pending","approved","used","rejected","expired"]},"server":{"type":"string"},"method":{"type":"string"},"requester":{"type":"object"},"requested":{"type":"string","format":"date-time"},"decide_by":{"type":"string","format":"date-time"},"binding":{"type":"string"},"may_decide":{"type":"boolean"},"call":{"type":"object"},"statement":{"type":["object","null"]},"votes":{"type":"array","items":{"type":"object"}}}}"#,
    ),
    (
        "Approvals",
        r#"{"type":"object","required":["approvals","unreadable","next"],"properties":{"approvals":{"type":"array","items":{"type":"object"}},"unreadable":{"type":"array","items":{"type":["string","null"],"format":"uuid"}},"next":{"type":["string","null"]}}}"#,
    ),
    (
        "Ballot",
        r#"{"type":["object","null"],"properties":{"reason":{"type":"string"},"passkey":{"type":"object","required":["id","clientDataJSON","authenticatorData","signature"],"properties":{"id":{"type":"string"},"clientDataJSON":{"type":"string"},"authenticatorData":{"type":"string"},"signature":{"type":"string"}},"additionalProperties":false}},"additionalProperties":false}"#,
    ),
    (
        "Passkey",
        r#"{"type":"object","required":["name","id","clientDataJSON","attestationObject"],"properties":{"name":{"type":"string"},"id":{"type":"string"},"clientDataJSON":{"type":"string"},"attestationObject":{"type":"string"}},"additionalProperties":false}"#,
    ),
    ("PasskeyId", r#"{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}"#),
    ("PasskeyRequest", r#"{"type":"object","required":["publicKey"],"properties":{"publicKey":{"type":"object"}}}"#),
    ("Passkeys", r#"{"type":"object","required":["available","passkeys"],"properties":{"available":{"type":"boolean"},"passkeys":{"type":"array","items":{"type":"object","required":["id","name","created","last_used"]}}}}"#),
    (
        "Deliveries",
        r#"{"type":"object","required":["deliveries"],"properties":{"deliveries":{"type":"array","items":{"type":"object"}}}}"#,
    ),
    (
        "Checkpoints",
        r#"{"type":"object","required":["checkpoints","next"],"properties":{"checkpoints":{"type":"array","items":{"type":"object","required":["size","root","at","note"]}},"next":{"type":["string","null"]}}}"#,
    ),
    (
        "Log",
        r#"{"type":"object","required":["origin","epoch","first_index","size","published","key","state","assurance","lanes"],"properties":{"origin":{"type":"string"},"epoch":{"type":"integer"},"first_index":{"type":"integer"},"size":{"type":"integer"},"published":{"type":"integer"},"root":{"type":["string","null"]},"checkpoint":{"type":["string","null"]},"checkpoint_at":{"type":["string","null"]},"key":{"type":"string"},"state":{"type":"string"},"worries":{"type":"array","items":{"type":"string"}},"assurance":{"type":"object"},"lanes":{"type":"array","items":{"type":"object"}}}}"#,
    ),
    (
        "Me",
        r#"{"type":"object","required":["issuer","subject","id","kind","groups","permissions","csrf","deployment"],"properties":{"name":{"type":["string","null"]},"email":{"type":["string","null"]},"issuer":{"type":"string"},"subject":{"type":"string"},"id":{"type":"string"},"kind":{"enum":["human","service","agent"]},"groups":{"type":"array","items":{"type":"string"}},"permissions":{"type":"array","items":{"type":"string"}},"csrf":{"type":["string","null"]},"signed_in":{"type":["string","null"]},"ends":{"type":"string"},"through":{"enum":["console","bearer"]},"passkeys":{"type":"object"},"deployment":{"type":"string"}}}"#,
    ),
    ("OpenApi", r#"{"type":"object"}"#),
    (
        "Problem",
        r#"{"type":"object","required":["type","status","code","detail","call"],"properties":{"type":{"type":"string"},"title":{"type":["string","null"]},"status":{"type":"integer"},"code":{"type":"string"},"detail":{"type":"string"},"call":{"type":"string","format":"uuid"}}}"#,
    ),
    ("Breakglass", r#"{"type":"object","required":["id","state","reason","servers","tools","people","seconds","proposed_by","proposed","confirm_by"],"properties":{"id":{"type":"string","format":"uuid"},"state":{"enum":["proposed","entering","entered","ended"]},"reason":{"type":"string"},"servers":{"type":"array","items":{"type":"string"}},"tools":{"type":"array","items":{"type":"string"}},"people":{"type":"array","items":{"type":"string"}},"seconds":{"type":"integer"},"proposed_by":{"type":"string"},"proposed":{"type":"string"},"confirm_by":{"type":"string"},"confirmed_by":{"type":["string","null"]},"entered":{"type":["string","null"]},"until":{"type":["string","null"]},"ended":{"type":["string","null"]},"ended_because":{"type":["string","null"]}}}"#),
    ("Breakglasses", r#"{"type":"object","required":["windows"],"properties":{"windows":{"type":"array","items":{"type":"object"}}}}"#),
    ("BreakglassWish", r#"{"type":"object","required":["reason","servers","people","seconds"],"properties":{"reason":{"type":"string"},"servers":{"type":"array","items":{"type":"string"}},"tools":{"type":"array","items":{"type":"string"}},"seconds":{"type":"integer"},"people":{"type":"array","items":{"type":"string"}}}}"#),
    ("Nothing", r#"{"type":"object"}"#),
    ("Acceptance", r#"{"type":"object","required":["hash","reason"],"properties":{"hash":{"type":"string"},"reason":{"type":"string"}}}"#),
    ("Activity", r#"{"type":"object","required":["from","to","step_s","points","totals"],"properties":{"from":{"type":"string"},"to":{"type":"string"},"step_s":{"type":"integer"},"points":{"type":"array","items":{"type":"object"}},"totals":{"type":"object"}}}"#),
    ("Call", r##"{"type":"object","required":["call","at","parts"],"properties":{"call":{"type":["string","null"]},"session":{"type":["string","null"]},"at":{"type":"string"},"person":{"type":["object","null"]},"server":{"type":["string","null"]},"method":{"type":["string","null"]},"target":{"type":["object","null"]},"effect":{"type":["string","null"]},"policies":{"type":["array","null"],"items":{"type":"string"}},"policy_set":{"type":["string","null"]},"refusal":{"type":["string","null"]},"status":{"type":["string","null"]},"took_us":{"type":["integer","null"]},"approval":{"type":["string","null"]},"statement":{"type":["object","null"]},"redactions":{"type":"array","items":{"type":"object"}},"leaves":{"type":"array","items":{"type":"object"}},"parts":{"type":"array","items":{"$ref":"#/components/schemas/Part"}}}}"##),
    ("Part", r#"{"type":"object","required":["index","type","at","direction","leaf","hash"],"properties":{"index":{"type":["integer","null"]},"type":{"type":"string"},"at":{"type":"string"},"direction":{"enum":["to_upstream","to_caller"]},"leaf":{"type":"object"},"hash":{"type":"string"},"body":{"type":["string","null"]},"body_missing":{"enum":["erased","missing","unreadable",null]},"body_missing_because":{"type":["string","null"]},"erased_by":{"type":["object","null"],"properties":{"rule":{"type":"string"},"days":{"type":"integer"},"server":{"type":["string","null"]},"index":{"type":"integer"}}},"receipts":{"type":"array","items":{"type":"object"}}}}"#),
    ("Calls", r#"{"type":"object","required":["calls","next","searched_to"],"properties":{"calls":{"type":"array","items":{"type":"object"}},"next":{"type":["string","null"]},"searched_to":{"type":["string","null"]}}}"#),
    ("History", r#"{"type":"object","required":["caller","target","approvals"],"properties":{"caller":{"type":"object"},"target":{"type":"object"},"approvals":{"type":"array","items":{"type":"object"}}}}"#),
    ("Leaves", r#"{"type":"object","required":["size","leaves"],"properties":{"size":{"type":"integer"},"leaves":{"type":"array","items":{"type":"object"}}}}"#),
    ("Policies", r#"{"type":"object","required":["set","files","policies"],"properties":{"set":{"type":"string"},"since":{"type":["string","null"]},"files":{"type":"array","items":{"type":"object"}},"policies":{"type":"array","items":{"type":"object"}},"warnings":{"type":"array","items":{"type":"object"}},"rejected":{"type":["string","null"]}}}"#),
    ("PolicyCheck", r#"{"type":"object","required":["valid","problems"],"properties":{"valid":{"type":"boolean"},"set":{"type":["string","null"]},"problems":{"type":"array","items":{"type":"object"}},"warnings":{"type":"array","items":{"type":"object"}}}}"#),
    ("PolicyDiff", r#"{"type":"object","required":["from","to","added","removed","changed"],"properties":{"from":{"type":"string"},"to":{"type":"string"},"added":{"type":"array","items":{"type":"object"}},"removed":{"type":"array","items":{"type":"object"}},"changed":{"type":"array","items":{"type":"object"}}}}"#),
    ("PolicyFiles", r#"{"type":"object","required":["files"],"properties":{"files":{"type":"array","items":{"type":"object","required":["name","text"],"properties":{"name":{"type":"string"},"text":{"type":"string"}}}}}}"#),
    ("PolicyTrial", r#"{"type":"object","required":["effect","policies","set","findings"],"properties":{"effect":{"enum":["allow","hold","deny"]},"summary":{"type":"string"},"policies":{"type":"array","items":{"type":"string"}},"errors":{"type":"array","items":{"type":"string"}},"terms":{"type":["object","null"]},"set":{"type":"string"},"findings":{"type":"array","items":{"type":"object"}}}}"#),
    ("PolicyTry", r#"{"type":"object","required":["call"],"properties":{"call":{"type":"object"},"files":{"type":"array","items":{"type":"object"}}}}"#),
    ("Proposal", r#"{"type":"object","required":["id","set","base","proposed","by","own","files","may_publish"],"properties":{"id":{"type":"string","format":"uuid"},"set":{"type":"string"},"base":{"type":"string"},"proposed":{"type":"string"},"by":{"type":"object"},"own":{"type":"boolean"},"files":{"type":"array","items":{"type":"object"}},"stale":{"type":"boolean"},"may_publish":{"type":"boolean"},"may_not_publish_because":{"type":["string","null"]}}}"#),
    ("Proposals", r#"{"type":"object","required":["publishing","proposals"],"properties":{"publishing":{"enum":["off","alone","second_person"]},"proposals":{"type":"array","items":{"type":"object"}}}}"#),
    ("Publication", r#"{"type":"object","required":["proposal","set"],"properties":{"proposal":{"type":"string","format":"uuid"},"set":{"type":"string"}}}"#),
    ("Withdrawal", r#"{"type":"object","required":["proposal"],"properties":{"proposal":{"type":"string","format":"uuid"}}}"#),
    ("Proof", r#"{"type":"object","required":["epoch","index","size","leaf_hash","path","root","checkpoint"],"properties":{"epoch":{"type":"integer"},"index":{"type":"integer"},"size":{"type":"integer"},"key":{"type":["string","null"]},"leaf_hash":{"type":"string"},"path":{"type":"array","items":{"type":"string"}},"root":{"type":"string"},"checkpoint":{"type":"string"}}}"#),
    ("Review", r#"{"type":"object","required":["id","at","policy_set","due","grants","items"],"properties":{"id":{"type":"string","format":"uuid"},"at":{"type":"string","format":"date-time"},"policy_set":{"type":"string"},"document":{"type":"string"},"due":{"type":"string","format":"date-time"},"grants":{"type":"integer"},"reviewers":{"type":"array","items":{"type":"string"}},"closed":{"type":["object","null"]},"items":{"type":"array","items":{"type":"object"}}}}"#),
    ("ReviewOrder", r#"{"type":"object","required":["due"],"properties":{"due":{"type":"string","format":"date-time"},"reviewers":{"type":"array","items":{"type":"string"}},"people":{"enum":["groups","persons"]},"server":{"type":"string"},"group":{"type":"string"}},"additionalProperties":false}"#),
    ("ReviewVerdicts", r#"{"type":"object","required":["grants","decision","reason"],"properties":{"grants":{"type":"array","items":{"type":"integer"}},"decision":{"enum":["keep","revoke","change"]},"reason":{"type":"string"}},"additionalProperties":false}"#),
    ("Reviews", r#"{"type":"object","required":["reviews"],"properties":{"reviews":{"type":"array","items":{"type":"object"}}}}"#),
    ("Canaries", r#"{"type":"object","required":["canaries"],"properties":{"every_s":{"type":"integer"},"canaries":{"type":"array","items":{"type":"object","required":["name","server","tool","expect","last"]}}}}"#),
    ("CanaryRun", r#"{"type":"object","properties":{"name":{"type":"string"}},"additionalProperties":false}"#),
    ("Package", r#"{"type":"object","required":["id","from","to","state"],"properties":{"id":{"type":"string","format":"uuid"},"from":{"type":"string","format":"date-time"},"to":{"type":"string","format":"date-time"},"epoch":{"type":["integer","null"]},"servers":{"type":"array","items":{"type":"string"}},"state":{"enum":["running","ready","failed"]},"percent":{"type":["integer","null"]},"fault":{"type":["string","null"]},"content":{"type":["object","null"]}}}"#),
    ("PackageOrder", r#"{"type":"object","required":["from","to"],"properties":{"from":{"type":"string"},"to":{"type":"string"},"epoch":{"type":["integer","null"]},"servers":{"type":"array","items":{"type":"string"}},"sealed":{"type":"boolean"},"sample":{"type":["object","null"],"properties":{"n":{"type":"integer"},"seed":{"type":"string"},"of":{"type":"string"}}}},"additionalProperties":false}"#),
    ("Packages", r#"{"type":"object","required":["packages","key","kept_hours"],"properties":{"packages":{"type":"array","items":{"type":"object"}},"key":{"type":"string"},"kept_hours":{"type":"integer"}}}"#),
    ("Servers", r#"{"type":"object","required":["servers","issuers","gateways"],"properties":{"servers":{"type":"array","items":{"type":"object"}},"issuers":{"type":"array","items":{"type":"object"}},"gateways":{"type":"array","items":{"type":"object"}}}}"#),
    ("Session", r#"{"type":"object","required":["session","calls","next"],"properties":{"session":{"type":"object"},"calls":{"type":"array","items":{"type":"object"}},"next":{"type":["string","null"]}}}"#),
    ("SessionEnd", r#"{"type":"object","required":["reason"],"properties":{"reason":{"type":"string"}}}"#),
    ("SessionEnded", r#"{"type":"object","required":["id","ended"],"properties":{"id":{"type":"string","format":"uuid"},"ended":{"type":"string","format":"date-time"}}}"#),
    ("Sessions", r#"{"type":"object","required":["sessions","next","searched_to"],"properties":{"sessions":{"type":"array","items":{"type":"object"}},"next":{"type":["string","null"]},"searched_to":{"type":["string","null"]}}}"#),
    ("Tool", r#"{"type":"object","required":["kind","name","hash","state"],"properties":{"kind":{"type":"string"},"name":{"type":"string"},"first_seen":{"type":"string"},"hash":{"type":"string"},"state":{"enum":["pinned","drifted"]},"definition":{"type":["object","null"]},"drift":{"type":["object","null"]}}}"#),
    ("Tools", r#"{"type":"object","required":["tools"],"properties":{"tools":{"type":"array","items":{"type":"object"}}}}"#),
    (
        "SignIn",
        r#"{"type":"object","required":["deployment","issuers"],"properties":{"deployment":{"type":"string"},"issuers":{"type":"array","items":{"type":"object","required":["name","hints"]}}}}"#,
    ),
    ("SlackAnswer", r#"{"type":"object","properties":{"text":{"type":"string"}}}"#),
    ("SlackPress", r#"{"type":"object","properties":{"payload":{"type":"string"}}}"#),
];

/// The document.
pub fn openapi() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in ENDPOINTS {
        let path = endpoint.path.replace("*}", "}");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[endpoint.method.to_ascii_lowercase()] = operation(endpoint);
    }
    let schemas: Map<String, Value> = SCHEMAS
        .iter()
        .map(|(name, text)| ((*name).to_owned(), serde_json::from_str(text).unwrap_or(Value::Null)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign",
            "version": "1",
            "description": "The gateway's own API. Whatever changes something or reads evidence is itself recorded.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "why not (RFC 9457)",
                    "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
                },
            },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "console": { "type": "apiKey", "in": "cookie", "name": crate::sign_in::COOKIE_NAME },
                "slack": { "type": "apiKey", "in": "header", "name": "X-Slack-Signature" },
            },
        },
    })
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut parameters: Vec<Value> = places(endpoint.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    for name in endpoint.query {
        let (_, kind, meaning) =
            PARAMETERS.iter().find(|(known, ..)| known == name).copied().unwrap_or((name, "string", ""));
        parameters
            .push(json!({ "name": name, "in": "query", "description": meaning, "schema": { "type": kind } }));
    }
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary,
        "description": described(endpoint),
        "parameters": parameters,
        "security": security(endpoint.need),
        "responses": {
            "200": { "description": "done", "content": content(endpoint.answer) },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    if let Some(body) = endpoint.body {
        let media = if endpoint.need == Need::Slack {
            "application/x-www-form-urlencoded"
        } else {
            "application/json"
        };
        let reference = json!({ "$ref": format!("#/components/schemas/{body}") });
        operation["requestBody"] = json!({ "content": { media: { "schema": reference } } });
    }
    operation
}

/// Names of the places in a path.
fn places(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| Some(segment.strip_prefix('{')?.trim_end_matches(['*', '}'])))
}

fn operation_id(endpoint: &Endpoint) -> String {
    let path = endpoint.path.trim_start_matches("/api/v1/");
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(endpoint.method.to_ascii_lowercase(), |id, word| id + "_" + word)
}

fn described(endpoint: &Endpoint) -> String {
    let need = match endpoint.need {
        Need::Nothing => "Needs no credential.".to_owned(),
        Need::Proven => "Needs a proven caller.".to_owned(),
        Need::SignedIn => "Needs somebody signed in to the console.".to_owned(),
        Need::Held(duty) => format!("Policy decides by `Action::\"{}\"` on the held call.", duty.as_str()),
        Need::Gateway(duty) => format!("Policy decides by `Action::\"{}\"` on the gateway.", duty.as_str()),
        Need::Slack => "Proven by Slack's signature.".to_owned(),
    };
    let record = match endpoint.record {
        Record::Nothing => "",
        Record::Viewed => " Recorded as `recording.viewed`.",
        Record::Change => " What it changes is recorded before it has an effect.",
    };
    need + record
}

fn security(need: Need) -> Value {
    match need {
        Need::Nothing => json!([]),
        Need::Slack => json!([{ "slack": [] }]),
        Need::SignedIn => json!([{ "console": [] }]),
        Need::Proven | Need::Held(_) | Need::Gateway(_) => json!([{ "bearer": [] }, { "console": [] }]),
    }
}

fn content(answer: &str) -> Value {
    match answer {
        "Bytes" => json!({ "application/octet-stream": { "schema": {} } }),
        "Text" => json!({ "text/plain": { "schema": { "type": "string" } } }),
        "Events" => json!({ "text/event-stream": { "schema": { "type": "string" } } }),
        name => {
            let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
            json!({ "application/json": { "schema": reference } })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_described_with_schemas_and_parameters_that_exist() {
        let document = openapi();
        for (name, schema) in document["components"]["schemas"].as_object().expect("an object") {
            assert!(schema.is_object(), "schema `{name}` is not JSON");
        }
        let mut ids = std::collections::BTreeSet::new();
        for endpoint in ENDPOINTS {
            let path = endpoint.path.replace("*}", "}");
            let operation = &document["paths"][path][endpoint.method.to_ascii_lowercase()];
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{}", endpoint.path));
            assert!(ids.insert(id.to_owned()), "{id} twice");
            for name in endpoint.query {
                assert!(PARAMETERS.iter().any(|(known, ..)| known == name), "add `{name}` to `PARAMETERS`");
            }
            let named = endpoint.body.into_iter().chain([endpoint.answer]);
            for name in named.filter(|name| !["Bytes", "Text", "Events"].contains(name)) {
                assert!(SCHEMAS.iter().any(|(known, _)| *known == name), "add `{name}` to `SCHEMAS`");
            }
        }
    }
}
