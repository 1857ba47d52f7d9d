"""Files in which a secret stands behind its name. What a frame refuses it would have to escape."""

from ..draw import between, commit, dump, hexes, pick, signs, stamp, uuid
from ..registry import Registry
from ..scene import POD_SIGNS, REGIONS, service, version
from ..write import CODE, COMMENT, EXPANDED, camel, kebab, pascal, quoted, shell_value, snake, yaml_value

frame = Registry()


@frame(EXPANDED)
def dotenv(name, spoken, value):
    return (
        f"# {service()} {version()}\n"
        "NODE_ENV=production\n"
        f"PORT={between(3000, 9000)}\n"
        f"{name}={shell_value(value)}\n"
        f"LOG_LEVEL={pick('info', 'debug', 'warn')}\n"
        "FEATURE_NEW_CART=true\n"
    )


@frame(EXPANDED)
def compose(name, spoken, value):
    unit = service()
    return (
        "services:\n"
        f"  {unit}:\n"
        f"    image: registry.ops.lan/{unit}:{version()}\n"
        "    restart: unless-stopped\n"
        "    environment:\n"
        "      TZ: Europe/Vienna\n"
        f"      {name}: {quoted(value)}\n"
        "    ports:\n"
        f'      - "{between(3000, 9000)}:8080"\n'
    )


@frame(EXPANDED)
def compose_list(name, spoken, value):
    unit = service()
    return (
        'version: "3.8"\n'
        "services:\n"
        f"  {unit}:\n"
        "    build: .\n"
        "    environment:\n"
        f"      - {name}={value}\n"
        f"      - WORKERS={between(1, 8)}\n"
        "    depends_on: [redis]\n"
    )


@frame()
def pod(name, spoken, value):
    unit = service()
    return (
        "apiVersion: v1\n"
        "kind: Pod\n"
        "metadata:\n"
        f"  name: {unit}-{signs(POD_SIGNS, 5)}\n"
        "  namespace: prod\n"
        f"  uid: {uuid()}\n"
        "spec:\n"
        "  containers:\n"
        f"  - name: {unit}\n"
        f"    image: {unit}:{version()}\n"
        "    env:\n"
        f"    - name: {name}\n"
        f"      value: {yaml_value(value)}\n"
        "    - name: TIMEOUT_MS\n"
        f'      value: "{between(100, 9000)}"\n'
        "    resources:\n"
        "      limits:\n"
        f"        memory: {between(128, 2048)}Mi\n"
    )


@frame(COMMENT)
def describe(name, spoken, value):
    unit = service()
    return (
        f"Name:             {unit}-{hexes(9)}\n"
        "Namespace:        default\n"
        "Priority:         0\n"
        "Containers:\n"
        f"  {unit}:\n"
        f"    Image:          {unit}:{version()}\n"
        "    Port:           8080/TCP\n"
        "    State:          Running\n"
        f"    Restart Count:  {between(0, 9)}\n"
        "    Environment:\n"
        f"      {name}:  {value}\n"
        f"      GOMAXPROCS:  {between(1, 8)}\n"
        "QoS Class:        Burstable\n"
    )


@frame()
def json_settings(name, spoken, value):
    return dump(
        {
            "service": service(),
            "version": version(),
            "region": pick(REGIONS),
            camel(name): value,
            "retries": between(1, 9),
            "timeoutMs": between(100, 9000),
        },
        2,
    )


@frame()
def json_nested(name, spoken, value):
    return dump(
        {
            "id": uuid(),
            "name": service(),
            "config": {"enabled": True, "credentials": {snake(name): value}, "updated_at": stamp()},
            "revision": commit(),
        }
    )


@frame()
def inspect(name, spoken, value):
    return dump(
        [
            {
                "Id": hexes(64),
                "Created": stamp(),
                "Name": "/" + service(),
                "RestartCount": between(0, 5),
                "Config": {
                    "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/bin", f"{name}={value}", "LANG=C.UTF-8"],
                    "Cmd": ["node", "server.js"],
                    "Image": f"{service()}:{version()}",
                },
            }
        ],
        4,
    )


@frame(CODE)
def shell(name, spoken, value):
    return (
        "#!/bin/sh\n"
        "set -eu\n"
        f"cd /srv/{service()}\n"
        f"export {name}={shell_value(value)}\n"
        "./bin/migrate --yes\n"
        f"exec ./bin/server --port {between(3000, 9000)}\n"
    )


@frame(CODE)
def python(name, spoken, value):
    return (
        "import os\n"
        "import logging\n\n"
        "log = logging.getLogger(__name__)\n\n"
        f"{name} = {value!r}\n"
        f"TIMEOUT = {between(5, 60)}\n\n\n"
        "def client(session):\n"
        "    session.timeout = TIMEOUT\n"
        "    return session\n"
    )


@frame(CODE)
def javascript(name, spoken, value):
    return (
        "const express = require('express');\n"
        "const app = express();\n\n"
        f"const {camel(name)} = '{value}';\n"
        f"const PAGE_SIZE = {between(10, 100)};\n\n"
        "app.get('/healthz', (req, res) => res.send('ok'));\n"
        "module.exports = { app };\n"
    )


@frame(CODE)
def go(name, spoken, value):
    member = pascal(name)
    return (
        "package config\n\n"
        'import "time"\n\n'
        "const (\n"
        f'\tdefault{member} = "{value}"\n'
        f"\tretryDelay = {between(1, 30)} * time.Second\n"
        ")\n"
    )


@frame(CODE)
def java(name, spoken, value):
    return (
        f"package dev.ridgeline.{service().replace('-', '')};\n\n"
        "public final class Settings {\n"
        f'    private static final String {name} = "{value}";\n'
        f"    private static final int MAX_ROWS = {between(100, 9999)};\n\n"
        "    private Settings() { }\n"
        "}\n"
    )


@frame(CODE)
def csharp(name, spoken, value):
    member = pascal(name)
    return (
        "namespace Ridgeline.Jobs;\n\n"
        "public sealed class JobOptions\n"
        "{\n"
        f'    public string {member} {{ get; set; }} = "{value}";\n'
        f"    public int BatchSize {{ get; set; }} = {between(10, 500)};\n"
        "}\n"
    )


@frame(CODE, r"\$")
def php(name, spoken, value):
    return (
        "<?php\n"
        "return [\n"
        "    'debug' => false,\n"
        f"    '{snake(name)}' => '{value}',\n"
        f"    'cache_ttl' => {between(60, 3600)},\n"
        "];\n"
    )


@frame(CODE)
def ruby(name, spoken, value):
    return (
        "Rails.application.configure do\n"
        "  config.cache_classes = true\n"
        f"  config.x.{snake(name)} = '{value}'\n"
        "  config.log_level = :info\n"
        "end\n"
    )


@frame()
def toml(name, spoken, value):
    return (
        "[server]\n"
        f"listen_port = {between(3000, 9000)}\n"
        f"workers = {between(1, 16)}\n\n"
        "[auth]\n"
        f'{snake(name)} = "{value}"\n'
        f"expires_in = {between(600, 86400)}\n"
    )


@frame(COMMENT)
def ini(name, spoken, value):
    return (
        "[general]\n"
        "verbose = false\n"
        f"max_conn = {between(10, 500)}\n\n"
        f"[{service()}]\n"
        f"{snake(name)} = {value}\n"
        f"poll_seconds = {between(5, 300)}\n"
    )


@frame(COMMENT)
def properties(name, spoken, value):
    return (
        f"# generated {stamp()}\n"
        f"server.port={between(3000, 9000)}\n"
        f"{service().replace('-', '.')}.{kebab(name)}={value}\n"
        "spring.jpa.open-in-view=false\n"
    )


@frame(CODE)
def tfvars(name, spoken, value):
    return (
        f'region        = "{pick(REGIONS)}"\n'
        f'instance_type = "t3.{pick("micro", "small", "large")}"\n'
        f'{snake(name)} = "{value}"\n'
        "tags = {\n"
        '  team = "platform"\n'
        "}\n"
    )


@frame()
def helm(name, spoken, value):
    return (
        f"replicaCount: {between(1, 6)}\n"
        "image:\n"
        f"  repository: {service()}\n"
        f'  tag: "{version()}"\n'
        "secrets:\n"
        f"  {camel(name)}: {yaml_value(value)}\n"
        "autoscaling:\n"
        "  enabled: false\n"
    )


@frame()
def ansible(name, spoken, value):
    return (
        "---\n"
        f"- hosts: {pick('web', 'workers', 'db')}\n"
        "  become: true\n"
        "  vars:\n"
        f'    app_version: "{version()}"\n'
        f'    {snake(name)}: "{value}"\n'
        "  tasks:\n"
        "    - name: install package\n"
        "      ansible.builtin.apt:\n"
        "        name: nginx\n"
        "        state: present\n"
    )


@frame()
def github_actions(name, spoken, value):
    return (
        "name: release\n"
        "on:\n"
        "  push:\n"
        '    tags: ["v*"]\n'
        "jobs:\n"
        "  build:\n"
        "    runs-on: ubuntu-22.04\n"
        "    steps:\n"
        f"      - uses: actions/checkout@{commit()}\n"
        "      - run: make publish\n"
        "        env:\n"
        f"          {name}: {yaml_value(value)}\n"
    )


@frame(EXPANDED)
def dockerfile(name, spoken, value):
    return (
        "FROM node:20-alpine\n"
        "WORKDIR /app\n"
        "COPY package*.json ./\n"
        f"ENV {name}={shell_value(value)}\n"
        "RUN npm ci --omit=dev\n"
        'CMD ["node", "server.js"]\n'
    )
