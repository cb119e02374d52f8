#define _GNU_SOURCE
#include "child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { the_socket = 3 };

static int start(const char *path, char *const environment[], int remote, posix_spawn_file_actions_t *actions,
                 posix_spawnattr_t *attributes, pid_t *process) {
    char *const arguments[] = {(char *)path, NULL};
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    short flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    int error;
    if ((error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)) != 0) return error;
    if ((error = posix_spawn_file_actions_adddup2(actions, 2, 1)) != 0) return error;
    if ((error = posix_spawn_file_actions_adddup2(actions, remote, the_socket)) != 0) return error;
#ifdef __linux__
    if ((error = posix_spawn_file_actions_addclosefrom_np(actions, the_socket + 1)) != 0) return error;
#else
    flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
    if ((error = posix_spawn_file_actions_addinherit_np(actions, 2)) != 0) return error;
#endif
    if ((error = posix_spawnattr_setflags(attributes, flags)) != 0) return error;
    if ((error = posix_spawnattr_setpgroup(attributes, 0)) != 0) return error;
    if ((error = posix_spawnattr_setsigdefault(attributes, &all)) != 0) return error;
    if ((error = posix_spawnattr_setsigmask(attributes, &none)) != 0) return error;
    return posix_spawn(process, path, actions, attributes, arguments, environment);
}

int mcp_start_child(const char *path, char *const environment[], pid_t *process, int *local) {
    int ends[2], remote;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
#ifdef __linux__
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
#else
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return errno;
    int on = 1;
    for (int index = 0; index < 2; index++) {
        fcntl(ends[index], F_SETFD, FD_CLOEXEC);
        setsockopt(ends[index], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
    }
#endif
    /* Above the descriptors that the child receives, so that none of the steps overwrites it. */
    remote = fcntl(ends[1], F_DUPFD_CLOEXEC, the_socket + 1);
    int error = remote < 0 ? errno : 0;
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return error;
    }
    error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawnattr_init(&attributes);
        if (error == 0) {
            error = start(path, environment, remote, &actions, &attributes, process);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    close(remote);
    if (error == 0) {
        *local = ends[0];
    } else {
        close(ends[0]);
    }
    return error;
}

int mcp_wait_for_child(pid_t process) {
    siginfo_t information;
    while (waitid(P_PID, (id_t)process, &information, WEXITED | WNOWAIT) != 0) {
        if (errno != EINTR) return errno;
    }
    return 0;
}

int mcp_reap_child(pid_t process, int *code) {
    int status = 0;
    *code = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return 0;
    }
    if (WIFSIGNALED(status)) return WTERMSIG(status);
    *code = WEXITSTATUS(status);
    return 0;
}

void mcp_reap_group(pid_t process) {
    struct timespec pause = {0, 10 * 1000 * 1000};
    for (int count = 0; count < 200; count++) {
        pid_t found;
        while ((found = waitpid(-process, NULL, WNOHANG)) > 0) {
        }
        if (found < 0) return;
        nanosleep(&pause, NULL);
    }
}

int mcp_close_on_exec(int descriptor) { return fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 ? 0 : errno; }
