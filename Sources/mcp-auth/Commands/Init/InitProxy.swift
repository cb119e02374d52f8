// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import ArgumentParser

/// A proxy for which `mcp-auth init` writes the configuration.
///
/// The templates have the text of `Examples/`, which the tests run with the real proxies; a test compares them.
enum InitProxy: String, CaseIterable, ExpressibleByArgument {
    case nginx
    case caddy
    case traefik
    case haproxy
    case apache
    case envoy
    case envoyGRPC = "envoy-grpc"
    case noProxy = "none"

    /// The names, for messages.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// The name of the product.
    var product: String {
        switch self {
        case .nginx: "nginx"
        case .caddy: "Caddy"
        case .traefik: "Traefik"
        case .haproxy: "HAProxy"
        case .apache: "Apache"
        case .envoy, .envoyGRPC: "Envoy"
        case .noProxy: "no proxy"
        }
    }

    /// The templates by the names of the files that are made of them; the first is given to the program.
    var templates: [(name: String, text: [UInt8])] {
        switch self {
        case .nginx: [("nginx.conf", PackageResources.nginx_nginx_conf_template)]
        case .caddy: [("Caddyfile", PackageResources.caddy_Caddyfile_template)]
        case .traefik:
            [
                ("traefik.yml", PackageResources.traefik_traefik_yml_template),
                ("dynamic.yml", PackageResources.traefik_dynamic_yml_template),
            ]
        case .haproxy:
            [
                ("haproxy.cfg", PackageResources.haproxy_haproxy_cfg_template),
                ("mcp-auth.lua", PackageResources.haproxy_mcp_auth_lua_template),
            ]
        case .apache: [("httpd.conf", PackageResources.apache_httpd_conf_template)]
        case .envoy: [("envoy.yaml", PackageResources.envoy_envoy_yaml_template)]
        case .envoyGRPC: [("envoy.yaml", PackageResources.envoy_grpc_envoy_yaml_template)]
        case .noProxy: []
        }
    }

    /// The listener of mcp-auth that the proxy asks, as members of `server`.
    func listener(port: Int) -> String {
        switch self {
        case .noProxy: ""
        case .envoyGRPC: ",\n    \"ext_authz\": { \"listen\": \"127.0.0.1:\(port)\", \"sends_body\": true }"
        case .nginx, .caddy, .haproxy, .apache, .traefik, .envoy:
            ",\n    \"forward_auth\": [{ \"listen\": \"127.0.0.1:\(port)\", \"proxy\": \"\(rawValue)\"\(body) }]"
        }
    }

    /// Whether its configuration sends the bodies of requests.
    private var body: String { self == .traefik || self == .envoy ? ", \"sends_body\": true" : "" }

    /// The command that starts it in the folder of its files.
    var start: String {
        switch self {
        case .nginx: "nginx -p . -c nginx.conf -g 'daemon off;'"
        case .caddy: "caddy run --config Caddyfile"
        case .traefik: "traefik --configFile=traefik.yml"
        case .haproxy: "haproxy -db -f haproxy.cfg"
        case .apache: "apache2 -d . -f \"$PWD/httpd.conf\" -DFOREGROUND"
        case .envoy, .envoyGRPC: "envoy -c envoy.yaml"
        case .noProxy: ""
        }
    }

    /// How a program checks its configuration.
    struct Check {
        /// The programs of which the first that is installed is used.
        let programs: [String]
        /// The arguments that make it check.
        let mode: [String]
        /// The arguments that name the files.
        let files: [String]
    }

    /// How its configuration is checked; `nil` if it has no command for that.
    ///
    /// - Parameter directory: The folder with its files, which is also the working directory.
    func check(in directory: String) -> Check? {
        switch self {
        case .nginx: Check(programs: ["nginx"], mode: ["-t"], files: ["-p", directory, "-c", "nginx.conf"])
        case .caddy:
            Check(programs: ["caddy"], mode: ["validate"], files: ["--adapter", "caddyfile", "--config", "Caddyfile"])
        case .haproxy: Check(programs: ["haproxy"], mode: ["-c"], files: ["-f", "haproxy.cfg"])
        case .apache:
            Check(
                programs: ["apache2", "httpd", "apachectl"],
                mode: ["-t"],
                files: ["-d", directory, "-f", directory + "/httpd.conf"]
            )
        case .envoy, .envoyGRPC:
            Check(programs: ["envoy"], mode: ["--mode", "validate"], files: ["-c", "envoy.yaml"])
        case .traefik, .noProxy: nil
        }
    }
}
#endif
