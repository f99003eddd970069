/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "webhook/io/http_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/log.h"
#include "webhook/io/connection_list.h"

enum {
	CONNECTIONS_MAX = 1280,  /* 26 KB each, once the hands are shaken */
	CONNECTIONS_SHORT = 384, /* above these, who asks nothing is sent away sooner */
	/* libmicrohttpd's pool of a connection: the head of a request, a piece of its body. */
	CONNECTION_MEMORY = 16 * 1024,
	/* Nothing received for so long within handshake, first head or body: the client is gone.
	 * Other waits are struct connection_list's. */
	STALLED_SECONDS = 10,
	IDLE_SECONDS = CONNECTION_IDLE_MS / 1000,
	/* jansson nests up to 2048 levels, and so do parsing, comparing and freeing here. */
	THREAD_STACK = 8 * 1024 * 1024,
};

/* TLS 1.2 and 1.3, forward secrecy and authenticated encryption only. X25519 first: clients, Go's
 * among them, send its share unasked, and another choice would cost a round trip. */
static const char PRIORITIES[] =
	"NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:"
	"+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+SIGN-ALL:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:"
	"+GROUP-X25519:+GROUP-ALL:%SERVER_PRECEDENCE";

struct http_server {
	struct http_server_options options;
	struct MHD_Daemon *daemon; /* NULL: not started */
	struct connection_list connections;
	atomic_size_t body_bytes; /* of all bodies that are held at present */
	atomic_size_t in_flight;
	atomic_bool is_draining;
	/* What it listens on, before the start and after draining; else -1, and the daemon's. */
	int fd;
};

/* Passes a complaint of libmicrohttpd on. */
__attribute__((format(printf, 2, 0))) static void log_complaint(void *cls, const char *format,
								va_list args)
{
	struct log_line line;
	char text[256];

	(void)cls;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_begin(&line, LOG_WARNING, "connection");
	log_text(&line, "detail", text);
	log_end(&line);
}

/* NULL for one that there was no memory for. */
static struct connection *connection_of(struct MHD_Connection *mhd_connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd_connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info->socket_context;
}

/* GnuTLS has seen a message of a handshake; libmicrohttpd hangs its connection at the session. */
static int on_handshake(gnutls_session_t session, unsigned int type, unsigned int when,
			unsigned int is_incoming, const gnutls_datum_t *message)
{
	struct connection *connection = connection_of(gnutls_session_get_ptr(session));

	(void)when;
	(void)message;
	if (connection == NULL || is_incoming == 0)
		return 0;
	if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		connection->tls = TLS_HELLO;
	if (type == GNUTLS_HANDSHAKE_FINISHED)
		connection->tls = TLS_DONE;
	return 0;
}

/* Gives a new connection the certificate that is in force, and follows its handshake. */
static void prepare_tls(struct http_server *server, struct MHD_Connection *mhd_connection,
			struct connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd_connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	connection->certificate = certificate_slot_get(server->options.certificates);
	gnutls_handshake_set_hook_function(info->tls_session, GNUTLS_HANDSHAKE_ANY,
					   GNUTLS_HOOK_BOTH, on_handshake);
}

/* NULL without memory. */
static struct connection *start_connection(struct http_server *server,
					   struct MHD_Connection *mhd_connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd_connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *connection = connection_list_add(&server->connections, info->connect_fd);

	if (connection != NULL && server->options.certificates != NULL)
		prepare_tls(server, mhd_connection, connection);
	return connection;
}

/* A connection is about to be closed. */
static void end_connection(struct http_server *server, struct connection *connection)
{
	if (server->options.certificates != NULL && connection->tls != TLS_DONE)
		metrics_count_tls_failure(server->options.metrics, connection->tls == TLS_HELLO
									   ? TLS_FAILURE_HELLO
									   : TLS_FAILURE_SILENT);
	certificate_unref(connection->certificate);
	connection_list_remove(&server->connections, connection);
}

/* Called when a connection begins, and before it is closed. */
static void on_connection(void *cls, struct MHD_Connection *mhd_connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = cls;
	struct connection *connection = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		*socket_context = start_connection(server, mhd_connection);
	} else if (connection != NULL) {
		end_connection(server, connection);
	}
}

/* GnuTLS asks for the certificate of a session. */
static int on_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
			  int authority_count, const gnutls_pk_algorithm_t *algorithms,
			  int algorithm_count, gnutls_pcert_st **chain, unsigned int *chain_length,
			  gnutls_privkey_t *key)
{
	const struct connection *connection = connection_of(gnutls_session_get_ptr(session));

	(void)authorities;
	(void)authority_count;
	(void)algorithms;
	(void)algorithm_count;
	if (connection == NULL)
		return -1; /* there was no memory: the handshake fails */
	certificate_get(connection->certificate, chain, chain_length, key);
	return 0;
}

static void count_error(struct http_server *server, unsigned int status)
{
	if (server->options.metrics != NULL)
		metrics_count_http_error(server->options.metrics, status);
}

static void log_refusal(const struct http_exchange *exchange, const struct http_reply *reply)
{
	char sentence[ERR_MSG_SIZE];
	struct log_line line;

	snprintf(sentence, sizeof(sentence), "%s", reply->body != NULL ? reply->body : "");
	sentence[strcspn(sentence, "\n")] = '\0';
	log_begin(&line, LOG_WARNING, "request refused");
	log_text(&line, "path", http_exchange_path(exchange));
	log_number(&line, "status", reply->status);
	log_text(&line, "detail", sentence);
	log_end(&line);
}

/* A reply as libmicrohttpd sends it; takes the body over. NULL without memory. */
static struct MHD_Response *make_response(const struct http_reply *reply, bool is_last)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		reply->body_length, reply->body, MHD_RESPMEM_MUST_FREE);

	if (response == NULL) {
		free(reply->body);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->content_type);
	if (reply->allow != NULL)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
	if (is_last)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	return response;
}

static enum MHD_Result answer(struct http_server *server, struct MHD_Connection *connection,
			      struct http_exchange *exchange)
{
	struct http_reply reply;

	http_exchange_answer(exchange, &reply);
	if (reply.status == 0)
		return MHD_YES; /* suspended: we are called again */
	if (reply.status >= 400 && server->options.metrics != NULL)
		log_refusal(exchange, &reply);
	if (reply.status >= 400)
		count_error(server, reply.status);
	struct MHD_Response *response = make_response(
		&reply, atomic_load(&server->is_draining) || http_exchange_is_hopeless(exchange));
	if (response == NULL)
		return MHD_NO;
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
				  (unsigned int)IDLE_SECONDS);
	enum MHD_Result result = MHD_queue_response(connection, reply.status, response);
	MHD_destroy_response(response);
	return result;
}

/* The head of a request was read. */
static enum MHD_Result begin(struct http_server *server, struct MHD_Connection *connection,
			     const char *path, const char *method, void **request_context)
{
	struct http_head head = {
		.method = method,
		.path = path,
		.content_type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							    MHD_HTTP_HEADER_CONTENT_TYPE),
		.content_length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							      MHD_HTTP_HEADER_CONTENT_LENGTH),
		.connection = connection,
	};
	struct connection *waiting = connection_of(connection);
	struct http_exchange *exchange;
	struct err err;

	if (waiting == NULL)
		return MHD_NO;
	connection_list_begin(&server->connections, waiting);
	if (http_exchange_new(&server->options.service, &head, &exchange, &err) < 0)
		return MHD_NO;
	*request_context = exchange;
	atomic_fetch_add(&server->in_flight, 1);
	MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
				  (unsigned int)STALLED_SECONDS);
	return http_exchange_is_hopeless(exchange) ? answer(server, connection, exchange) : MHD_YES;
}

/* Called with the head, then with each part of the body, then once more without any. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *part,
				  size_t *part_length, void **request_context)
{
	struct http_server *server = cls;

	(void)version;
	if (*request_context == NULL)
		return begin(server, connection, path, method, request_context);
	if (*part_length == 0)
		return answer(server, connection, *request_context);
	if (!http_exchange_receive(*request_context, part, *part_length))
		return MHD_NO;
	*part_length = 0;
	return MHD_YES;
}

static void log_broken_off(const struct http_exchange *exchange)
{
	struct log_line line;

	log_begin(&line, LOG_WARNING, "request broken off");
	log_text(&line, "path", http_exchange_path(exchange));
	log_end(&line);
}

static void suspend(void *connection)
{
	MHD_suspend_connection(connection);
}

static void resume(void *connection)
{
	MHD_resume_connection(connection);
}

/* A request has ended: its reply has left, or the connection broke. */
static void on_completed(void *cls, struct MHD_Connection *connection, void **request_context,
			 enum MHD_RequestTerminationCode code)
{
	struct http_server *server = cls;
	struct http_exchange *exchange = *request_context;
	struct connection *waiting = connection_of(connection);

	if (waiting != NULL)
		connection_list_end(&server->connections, waiting);
	if (exchange == NULL)
		return;
	if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK) {
		count_error(server, 0);
		log_broken_off(exchange);
	}
	http_exchange_free(exchange);
	*request_context = NULL;
	atomic_fetch_sub(&server->in_flight, 1);
}

/* Starts libmicrohttpd on the socket, which it closes in the end. NULL when it does not start. */
static struct MHD_Daemon *start_daemon(struct http_server *server)
{
	const unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
				   MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	unsigned int threads = server->options.threads;
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_LISTEN_SOCKET, server->fd, NULL},
		{MHD_OPTION_THREAD_STACK_SIZE, THREAD_STACK, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, STALLED_SECONDS, NULL},
		{MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
		/* A pool of one is no pool for libmicrohttpd. */
		{threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	if (server->options.certificates == NULL)
		return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server,
					MHD_OPTION_EXTERNAL_LOGGER, log_complaint, NULL,
					MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
					MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
					MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	return MHD_start_daemon(
		flags | MHD_USE_TLS, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
		log_complaint, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_HTTPS_PRIORITIES,
		PRIORITIES, MHD_OPTION_HTTPS_CERT_CALLBACK, on_certificate, MHD_OPTION_ARRAY, items,
		MHD_OPTION_END);
}

int http_server_new(const struct http_server_options *options, int listen_fd,
		    struct http_server **ret_server, struct err *err)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (server == NULL) {
		close(listen_fd);
		return err_set(err, ENOMEM, "out of memory");
	}
	server->options = *options;
	server->fd = listen_fd;
	server->options.service.body_bytes = &server->body_bytes;
	server->options.service.suspend = suspend;
	server->options.service.resume = resume;
	connection_list_init(&server->connections, CONNECTIONS_SHORT);
	*ret_server = server;
	return 0;
}

int http_server_start(struct http_server *server, struct err *err)
{
	server->daemon = start_daemon(server);
	if (server->daemon == NULL)
		return err_set(err, EIO, "libmicrohttpd did not start");
	server->fd = -1;
	return 0;
}

size_t http_server_in_flight(const struct http_server *server)
{
	return atomic_load(&server->in_flight);
}

void http_server_sweep(struct http_server *server)
{
	connection_list_sweep(&server->connections);
}

void http_server_drain(struct http_server *server)
{
	atomic_store(&server->is_draining, true);
	server->fd = MHD_quiesce_daemon(server->daemon);
	/* No longer listening, but not closed: a thread may be about to accept by that number. */
	if (server->fd >= 0)
		shutdown(server->fd, SHUT_RDWR);
}

void http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	MHD_stop_daemon(server->daemon);
	if (server->fd >= 0)
		close(server->fd);
	connection_list_release(&server->connections);
	free(server);
}
