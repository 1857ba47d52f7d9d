"""Presidio's analyzer behind its own API (POST /analyze), on 127.0.0.1. Argument: the port.

The package has the engine and not the web application, so the few lines of that stand here. spaCy's models are no
packages of the registry: sentences are read by an English pipeline without one, and names are known by a list, which is
one of Presidio's own recognizers.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, PatternRecognizer
from presidio_analyzer.nlp_engine import SpacyNlpEngine


class Blank(SpacyNlpEngine):
    def __init__(self):
        super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
        self.nlp = {"en": spacy.blank("en")}


# Its list of domains comes with it; otherwise it asks the internet for a newer one.
tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
NAMES = ["Eve Carter", "Zoë Müller"]
engine = AnalyzerEngine(nlp_engine=Blank(), supported_languages=["en"])
engine.registry.add_recognizer(PatternRecognizer(supported_entity="PERSON", deny_list=NAMES, deny_list_score=0.85))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        found = engine.analyze(
            text=question["text"],
            language=question["language"],
            entities=question.get("entities"),
            score_threshold=question.get("score_threshold"),
        )
        body = json.dumps([result.to_dict() for result in found], default=str).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
