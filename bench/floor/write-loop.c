/*
 * The floor of fan-out: accepts connections on loopback and writes the same bytes to each of them, tick by
 * tick. Says what CPU its own process spent.
 *
 *     write-loop CONNECTIONS BYTES HZ     prints "port N", then "ready" when all have connected;
 *                                         for each line "SECONDS" on stdin it prints "WRITES SHORT CPU_US"
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double cpu_us(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

static double now_s(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec + at.tv_nsec / 1e9;
}

static void sleep_until(double at) {
  double left = at - now_s();
  if (left <= 0) return;
  struct timespec pause = {(time_t)left, (long)((left - (time_t)left) * 1e9)};
  nanosleep(&pause, NULL);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int count = atoi(argv[1]), bytes = atoi(argv[2]), one = 1;
  double hz = atof(argv[3]), seconds;
  int *sockets = calloc(count, sizeof(int));
  char *frame = malloc(bytes);
  memset(frame, 'x', bytes);
  signal(SIGPIPE, SIG_IGN);

  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof(address);
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 4096)) return 3;
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);

  for (int i = 0; i < count; i++) {
    sockets[i] = accept(listener, NULL, NULL);
    if (sockets[i] < 0) return 4;
    fcntl(sockets[i], F_SETFL, O_NONBLOCK);
    setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  }
  printf("ready\n");
  fflush(stdout);

  while (scanf("%lf", &seconds) == 1) {
    long writes = 0, shorts = 0, ticks = (long)(seconds * hz);
    double start = now_s(), before = cpu_us();
    for (long tick = 0; tick < ticks; tick++) {
      for (int i = 0; i < count; i++) {
        if (write(sockets[i], frame, bytes) == bytes) writes++;
        else shorts++;
      }
      sleep_until(start + (tick + 1) / hz);
    }
    printf("%ld %ld %.0f\n", writes, shorts, cpu_us() - before);
    fflush(stdout);
  }
  return 0;
}
