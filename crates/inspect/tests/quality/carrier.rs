//! What values stand in: documents as tools answer them.

use serde_json::json;

/// How many carriers of named values there are.
pub(crate) const NAMED: usize = 14;

/// A document that holds `value` under the name `name` (upper case, words joined by `_`), in one of several ways.
pub(crate) fn named(which: usize, name: &str, value: &str) -> String {
    let lower = name.to_lowercase();
    let camel = camel(&lower);
    let text = |text: String| json!({"content": [{"type": "text", "text": text}]}).to_string();
    match which % NAMED {
        0 => json!({"config": {lower: value, "region": "eu-west-1"}}).to_string(),
        1 => text(format!("# .env\nPORT=8080\n{name}={value}\nDEBUG=false\n")),
        2 => text(format!("service:\n  replicas: 3\n  {lower}: {value}\n  image: app:1.4.2\n")),
        3 => text(format!("const client = new Client({{ {camel}: '{value}', timeout: 3000 }});")),
        4 => json!({"env": [{"name": name, "value": value}, {"name": "LOG_LEVEL", "value": "info"}]})
            .to_string(),
        5 => text(format!("2026-03-04T10:22:31Z INFO loaded {lower}={value} from store in 12 ms")),
        6 => text(format!("[{}]\nuser = deploy\n{lower} = \"{value}\"\n", "profile main")),
        7 => text(format!("export {name}=\"{value}\"\n./run --verbose\n")),
        8 => json!({"settings": {camel: value}, "version": 7}).to_string(),
        9 => text(format!("os.environ[\"{name}\"] = \"{value}\"")),
        10 => text(format!("resource \"app\" \"main\" {{\n  {lower} = \"{value}\"\n  count = 2\n}}")),
        11 => text(json!({lower: value, "ok": true}).to_string()),
        12 => text(format!("docker run -e {name}={value} -p 8080:80 registry.example.com/app:latest")),
        _ => text(format!("<add key=\"{camel}\" value=\"x\"/>\n{lower}: \"{value}\"")),
    }
}

/// How many carriers of values that speak for themselves there are.
pub(crate) const BARE: usize = 8;

/// A document that holds `value` with nothing that names it.
pub(crate) fn bare(which: usize, value: &str) -> String {
    let text = |text: String| json!({"content": [{"type": "text", "text": text}]}).to_string();
    match which % BARE {
        0 => json!({"result": [value, "ok"]}).to_string(),
        1 => text(format!("I tried it with {value} and got a 403.")),
        2 => text(format!("$ tool login {value}\nLogged in.")),
        3 => json!({"notes": format!("rotate {value} before Friday")}).to_string(),
        4 => text(format!("GET /v1/items HTTP/1.1\nAuthorization: Bearer {value}\nAccept: */*")),
        5 => text(format!("| environment | value |\n|---|---|\n| staging | {value} |")),
        6 => text(format!("client = Client(\"{value}\")  # from the console")),
        _ => text(format!("{{\"level\":\"debug\",\"msg\":\"using {value}\"}}")),
    }
}

/// `a_b_c` as `aBC`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |whole, word| {
        let mut signs = word.chars();
        let start: String = signs.next().into_iter().flat_map(char::to_uppercase).collect();
        whole + &start + signs.as_str()
    })
}
