-- Asks mcp-auth about each request, and answers what it refuses. Nothing passes without an answer of status 200.
local verify = "http://127.0.0.1:9001/verify"

-- Fields of the connection, and fields that describe a request to mcp-auth: those of the client mean nothing.
local dropped = {
    ["host"] = true, ["connection"] = true, ["content-length"] = true, ["transfer-encoding"] = true, ["upgrade"] = true,
    ["expect"] = true, ["te"] = true, ["keep-alive"] = true, ["x-forwarded-method"] = true, ["x-forwarded-uri"] = true,
    ["x-forwarded-host"] = true,
}

local function unavailable(txn)
    local reply = txn:reply({ status = 503 })
    reply:add_header("content-type", "application/json")
    reply:add_header("cache-control", "no-store")
    reply:add_header("retry-after", "5")
    reply:set_body('{"error":"temporarily_unavailable"}')
    txn:done(reply)
end

core.register_action("mcp_auth", { "http-req" }, function(txn)
    local fields = {}
    for name, values in pairs(txn.http:req_get_headers()) do
        -- `_` for `-`, as some servers read it.
        if not dropped[name:gsub("_", "-")] then
            fields[name] = {}
            for _, value in pairs(values) do fields[name][#fields[name] + 1] = value end
        end
    end
    fields["host"] = { "mcp-auth" }
    fields["x-forwarded-method"] = { txn.sf:method() }
    fields["x-forwarded-uri"] = { txn.sf:pathq() }
    fields["x-forwarded-host"] = { txn.sf:req_fhdr("host") }

    local answer = core.httpclient():get { url = verify, headers = fields, timeout = 2000 }
    if not answer or not answer.status or answer.status >= 500 or answer.status < 200 then return unavailable(txn) end

    local function only(name)
        local values = answer.headers and answer.headers[name]
        return values and values[0] or ""
    end
    if answer.status == 200 then
        txn:set_var("txn.mcp_allowed", "yes")
        txn:set_var("txn.mcp_subject", only("x-auth-subject"))
        txn:set_var("txn.mcp_issuer", only("x-auth-issuer"))
        txn:set_var("txn.mcp_client", only("x-auth-client"))
        txn:set_var("txn.mcp_scope", only("x-auth-scope"))
        return
    end
    local reply = txn:reply({ status = answer.status })
    for _, name in ipairs({ "content-type", "www-authenticate", "cache-control", "retry-after", "decision-id",
        "access-control-allow-origin", "access-control-expose-headers" }) do
        local value = only(name)
        if value ~= "" then reply:add_header(name, value) end
    end
    reply:set_body(answer.body or "")
    txn:done(reply)
end)
