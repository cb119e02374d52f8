-- For wrk: sends the tokens of a file in turn, with the fields of another file.
local tokens, fields, number = {}, {}, 0
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end
for line in io.lines(os.getenv("FIELDS")) do
    local name, value = line:match("^(.-): (.*)$")
    if name then fields[name] = value end
end

request = function()
    number = number % #tokens + 1
    fields["Authorization"] = "Bearer " .. tokens[number]
    return wrk.format("GET", nil, fields)
end
