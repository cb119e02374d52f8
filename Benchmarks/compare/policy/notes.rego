# The policy `notes` of the documentation.
package notes

default allow := false

allow if {
	permitted
	input.claims.tenant # tenant-bound
	not input.claims.suspended == true # no-suspended
}

# basics
permitted if input.method in {"initialize", "server/discover", "ping"}

permitted if startswith(input.method, "notifications/")

# list
permitted if {
	input.method == "tools/list"
	has_scope("read:notes")
}

# write-tools
permitted if {
	input.method == "tools/call"
	input.tool in {"create_note", "update_note"}
	has_scope("write:notes")
}

# purge-staff-only
permitted if {
	input.method == "tools/call"
	startswith(input.tool, "purge_")
	has_scope("admin:notes")
	may_purge
	input.now - input.claims.auth_time <= 300
}

may_purge if {
	input.claims.iss == "https://auth.example.com/"
	"staff" in input.claims.groups
}

may_purge if {
	input.claims.iss == "https://login.partner.example/"
	input.claims.tenant in {"acme", "globex"}
}

# Each scope with those that imply it.
sufficient := {
	"read:notes": {"read:notes", "write:notes", "admin:notes"},
	"write:notes": {"write:notes", "admin:notes"},
	"admin:notes": {"admin:notes"},
}

has_scope(scope) if {
	some own in input.scopes
	own in sufficient[scope]
}
