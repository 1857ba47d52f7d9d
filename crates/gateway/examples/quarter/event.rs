//! What happens besides calls: the configuration, what upstreams list, keys, somebody who looks at a recording, somebody
//! who tries to approve their own call.

use std::sync::Arc;

use bytes::Bytes;
use countersign::clock::{Clock as _, new_id};
use countersign::ledger::{Denial, DenialKind, Document, Event};
use countersign::model::{Party, Principal};
use evidence::leaf::EventType;
use evidence::merkle::Hash;
use serde_json::{Value, json};

use super::{LEAD, Teller, around, principal, server};

/// Definitions that every upstream lists: what is called, and what nobody uses.
const LISTED: [(&str, u8); 4] = [("query", 3), ("report", 4), ("export", 5), ("purge_cache", 6)];

impl Teller {
    /// Before the first call: what is configured, what upstreams list, a key.
    pub(super) async fn begin_events(&self) -> anyhow::Result<()> {
        self.configure(
            &json!({ "masking": { "off": [] }, "listen": { "behind_proxy": true } }),
            None,
            &json!({}),
        )
        .await?;
        for number in 0..self.story.servers {
            let defined = |(name, hash): (&str, u8)| json!({ "kind": "tool", "name": name, "now": Hash::from_bytes([hash; 32]).to_string() });
            let added: Vec<&str> = LISTED.iter().map(|(name, _)| *name).collect();
            self.list(number, &LISTED.map(defined), json!({ "added": added, "changed": [] })).await?;
        }
        let key = self.key();
        self.note(EventType::KeyCreated, None, &key, Vec::new()).await?;
        let passkey = json!({
            "credential": "c3RvcnktcGFzc2tleQ", "key": "c3Rvcnkta2V5", "rp_id": "gateway.example",
            "origin": "https://gateway.example",
        });
        self.by(LEAD, EventType::PasskeyRegistered, &passkey).await
    }

    /// Something that one of the people did.
    async fn by(&self, person: u64, event: EventType, facts: &Value) -> anyhow::Result<()> {
        self.ledger.note(Event::by(&principal(person), event, facts)).await?;
        Ok(())
    }

    /// In the middle: masking is made weaker, a definition changes and is accepted, the key is withdrawn, a recording is
    /// viewed, a session is ended, somebody tries to approve their own call, a credential is guessed.
    pub(super) async fn middle_events(&mut self) -> anyhow::Result<()> {
        let before = json!({ "masking": { "off": [] }, "listen": { "behind_proxy": true } });
        let change = json!({ "changed": [], "added": ["masking.off[ipv4]"], "removed": [], "weakened": ["masking.off[ipv4]"] });
        let after = json!({ "masking": { "off": ["ipv4"] }, "listen": { "behind_proxy": true } });
        self.configure(&after, Some(&before), &change).await?;
        let drifted =
            [json!({ "kind": "tool", "name": "report", "now": Hash::from_bytes([9; 32]).to_string() })];
        self.list(1, &drifted, json!({ "added": [], "changed": ["report"] })).await?;
        let by = self.ledger.actor(&principal(3).party);
        let accepted = json!({
            "accepted": Hash::from_bytes([9; 32]).to_string(), "before": Hash::from_bytes([4; 32]).to_string(), "kind": "tool",
            "name": "report", "by": by,
        });
        self.note(EventType::ToolsChanged, Some(server(1).into()), &accepted, Vec::new()).await?;
        let mut key = self.key();
        key["revoked"] = self.clock_text().into();
        self.note(EventType::KeyRevoked, None, &key, Vec::new()).await?;
        self.by(LEAD, EventType::RecordingViewed, &json!({ "by": "api" })).await?;
        let proposed = json!({
            "proposal": new_id(&*self.clock), "step": "made", "policy_set": Hash::from_bytes([8; 32]).to_string(),
            "base": Hash::from_bytes(self.revision.0).to_string(),
        });
        self.by(LEAD, EventType::PolicyProposed, &proposed).await?;
        self.by(LEAD, EventType::PasskeyRemoved, &json!({ "credential": "c3RvcnktcGFzc2tleQ" })).await?;
        let session = Some(around(&*self.clock, 5).session);
        let ended = Event::by(&principal(LEAD), EventType::SessionEnded, &json!({}));
        self.ledger.note(Event { session, ..ended }).await?;
        let own = self.refused(DenialKind::Refused, principal(5), "own_call", None, 1);
        self.ledger.deny(Denial { method: Some("approvals/approve".into()), ..own }).await?;
        let nobody = Arc::new(Principal::anonymous(Some("corp".to_owned()), None));
        let guessed =
            self.refused(DenialKind::Unproven, nobody, "unauthenticated", Some("service_key_unknown"), 400);
        self.ledger.deny(guessed).await?;
        Ok(())
    }

    fn refused(
        &self,
        kind: DenialKind,
        principal: Arc<Principal>,
        refusal: &'static str,
        reason: Option<&'static str>,
        count: u64,
    ) -> Denial {
        Denial {
            kind,
            call: new_id(&*self.clock),
            principal,
            context: around(&*self.clock, 5),
            server: None,
            message: None,
            method: None,
            statement: None,
            target: None,
            decision: None,
            refusal,
            reason,
            count,
            body: None,
        }
    }

    async fn list(&self, number: u64, definitions: &[Value], mut detail: Value) -> anyhow::Result<()> {
        let bytes = Bytes::from(serde_json::to_vec(definitions)?);
        let hash = Hash::of(&bytes);
        detail["document"] = hash.to_string().into();
        let document = Document { kind: "definitions", hash: *hash.as_bytes(), bytes };
        self.note(EventType::ToolsChanged, Some(server(number).into()), &detail, vec![document]).await
    }

    async fn configure(&self, now: &Value, before: Option<&Value>, change: &Value) -> anyhow::Result<()> {
        let text = |configuration: &Value| {
            format!("{:#}\n", json!({ "v": 1, "release": "0.1.0", "configuration": configuration }))
        };
        let bytes = Bytes::from(text(now));
        let hash = Hash::of(&bytes);
        let mut detail = change.clone();
        detail["configuration"] = hash.to_string().into();
        detail["by"] = "start".into();
        if let Some(before) = before {
            detail["previous"] = Hash::of(text(before).as_bytes()).to_string().into();
        }
        let document = Document { kind: "configuration", hash: *hash.as_bytes(), bytes };
        self.note(EventType::ConfigChanged, None, &detail, vec![document]).await
    }

    fn key(&self) -> Value {
        let party = Party { issuer: "keys".to_owned(), subject: "4f1c".to_owned() };
        json!({
            "purpose": "service", "key": "4f1c", "actor": self.ledger.actor(&party), "kind": "service", "groups": ["staff"],
            "servers": [server(0)], "created_by": "uid 1000",
        })
    }

    fn clock_text(&self) -> String {
        self.clock.now().to_string()
    }
}
