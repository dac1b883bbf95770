/** Classes of system calls, `%file`: what the calls have to do with. */

function members(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

const classes: Readonly<Record<string, ReadonlySet<string>>> = {
  file: members(`
    access acct chdir chmod chown chown32 chroot creat execve execveat faccessat faccessat2 fanotify_mark fchmodat fchownat
    fspick fstatat64 futimesat getcwd getxattr inotify_add_watch lchown lchown32 lgetxattr link linkat listxattr llistxattr
    lremovexattr lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat mount mount_setattr move_mount name_to_handle_at
    newfstatat oldlstat oldstat open open_tree openat openat2 pivot_root quotactl readlink readlinkat removexattr rename
    renameat renameat2 rmdir setxattr stat stat64 statfs statfs64 statx swapoff swapon symlink symlinkat truncate
    truncate64 umount umount2 unlink unlinkat uselib utime utimensat utimensat_time64 utimes`),
  process: members(`
    clone clone3 execve execveat exit exit_group fork kill pidfd_open pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo
    setns tgkill tkill unshare vfork wait4 waitid waitpid`),
  network: members(`
    accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg
    send sendfile sendfile64 sendmmsg sendmsg sendto setsockopt shutdown socket socketcall socketpair`),
  signal: members(`
    kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
    rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sgetmask sigaction sigaltstack signal signalfd signalfd4
    sigpending sigprocmask sigreturn sigsuspend ssetmask tgkill tkill`),
  ipc: members(`
    ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget`),
  memory: members(`
    brk get_mempolicy madvise map_shadow_stack mbind migrate_pages mincore mlock mlock2 mlockall mmap mmap2 mprotect mremap
    move_pages msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_madvise process_mrelease
    remap_file_pages set_mempolicy set_mempolicy_home_node shmat shmdt`),
  desc: members(`
    _newselect bpf close close_range copy_file_range dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait
    epoll_pwait2 epoll_wait eventfd eventfd2 fadvise64 fadvise64_64 fallocate fanotify_init fanotify_mark fchdir fchmod
    fchown fchown32 fcntl fcntl64 fdatasync fgetxattr finit_module flistxattr flock fremovexattr fsconfig fsetxattr fsmount
    fsopen fspick fstat fstat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 getdents getdents64 inotify_add_watch
    inotify_init inotify_init1 inotify_rm_watch io_uring_enter io_uring_register io_uring_setup ioctl kcmp kexec_file_load
    _llseek lseek memfd_create memfd_secret mmap mmap2 openat openat2 open open_by_handle_at open_tree creat
    perf_event_open pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 poll ppoll ppoll_time64 pread64 preadv preadv2
    pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readahead readv select sendfile sendfile64 setns signalfd
    signalfd4 splice sync_file_range syncfs tee timerfd_create timerfd_gettime timerfd_settime userfaultfd vmsplice write
    writev faccessat faccessat2 fchmodat fchownat fstatat64 futimesat linkat mkdirat mknodat name_to_handle_at newfstatat
    readlinkat renameat renameat2 statx symlinkat unlinkat utimensat execveat`),
  creds: members(`
    capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid
    getresuid32 getuid getuid32 prctl setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32
    setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32`),
  clock: members(`
    adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_settime
    clock_settime64 gettimeofday settimeofday stime time`),
  pure: members(`
    getegid getegid32 geteuid geteuid32 getgid getgid32 getpagesize getpgrp getpid getppid gettid getuid getuid32`),
  statfs: members('statfs statfs64'),
  fstatfs: members('fstatfs fstatfs64'),
  stat: members('stat stat64 oldstat'),
  lstat: members('lstat lstat64 oldlstat'),
  fstat: members('fstat fstat64 fstatat64 newfstatat oldfstat statx'),
};

const shared: Readonly<Record<string, readonly string[]>> = {
  '%stat': ['stat', 'lstat', 'fstat'],
  '%statfs': ['statfs', 'fstatfs'],
  net: ['network'],
};

export const classNames = Object.keys(classes);

/** undefined: there is no such class. */
export function classMembers(name: string): ((call: string) => boolean) | undefined {
  const parts = shared[name] ?? [name];
  const sets = parts.flatMap((part) => (Object.hasOwn(classes, part) ? [classes[part]] : []));
  if (sets.length === 0) return undefined;
  return (call) => sets.some((set) => set?.has(call) === true);
}
