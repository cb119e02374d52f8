#include "service_manager.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int mcp_listening_address(int descriptor, char *text, size_t count) {
    int is_listening = 0, type = 0;
    socklen_t length = sizeof is_listening;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0 || !is_listening) return -1;
    length = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) return -1;

    struct sockaddr_storage address;
    memset(&address, 0, sizeof address);
    length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) return -1;

    char host[INET6_ADDRSTRLEN];
    int written = -1;
    if (address.ss_family == AF_INET) {
        struct sockaddr_in *ip = (struct sockaddr_in *)&address;
        if (!inet_ntop(AF_INET, &ip->sin_addr, host, sizeof host)) return -1;
        written = snprintf(text, count, "%s:%u", host, (unsigned)ntohs(ip->sin_port));
    } else if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 *ip = (struct sockaddr_in6 *)&address;
        if (!inet_ntop(AF_INET6, &ip->sin6_addr, host, sizeof host)) return -1;
        written = snprintf(text, count, "[%s]:%u", host, (unsigned)ntohs(ip->sin6_port));
    } else if (address.ss_family == AF_UNIX) {
        struct sockaddr_un *local = (struct sockaddr_un *)&address;
        if (local->sun_path[0] != '/') return -1;
        written = snprintf(text, count, "unix:%.*s", (int)sizeof local->sun_path, local->sun_path);
    }
    return written >= 0 && (size_t)written < count ? 0 : -1;
}

int mcp_notify(const char *socket_name, const char *message) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    size_t length = strlen(socket_name);
    if (length == 0 || length >= sizeof address.sun_path || (socket_name[0] != '/' && socket_name[0] != '@')) {
        errno = EINVAL;
        return -1;
    }
    memcpy(address.sun_path, socket_name, length);
    if (address.sun_path[0] == '@') address.sun_path[0] = 0;

    int descriptor = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (descriptor < 0) return -1;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    ssize_t sent = sendto(descriptor, message, strlen(message), MSG_DONTWAIT, (struct sockaddr *)&address, size);
    int error = errno;
    close(descriptor);
    errno = error;
    return sent < 0 ? -1 : 0;
}

int mcp_listen_privately(const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));

    int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) return -1;
    struct stat there;
    if (lstat(path, &there) == 0 && S_ISSOCK(there.st_mode)) unlink(path);
#ifdef __linux__
    // The new file has the rights of the socket, so that there is no moment at which others may connect.
    if (fchmod(descriptor, 0600) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
#endif
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0600) != 0 || listen(descriptor, 64) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

int mcp_is_private_socket(const char *path) {
    struct stat there;
    return lstat(path, &there) == 0 && S_ISSOCK(there.st_mode) && there.st_uid == geteuid() &&
           (there.st_mode & 077) == 0;
}
