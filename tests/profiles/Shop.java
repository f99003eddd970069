/* SPDX-License-Identifier: GPL-2.0-or-later */

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URI;

/** An application that knows nothing of agents: each order is a request of its own to STOCK. */
public final class Shop {
	private static byte[] askStock() throws IOException {
		URI stock = URI.create(System.getenv("STOCK"));
		HttpURLConnection call = (HttpURLConnection) stock.toURL().openConnection();

		return call.getInputStream().readAllBytes();
	}

	private static void answer(HttpExchange exchange) throws IOException {
		byte[] body = askStock();

		System.out.println("asked by " + exchange.getRemoteAddress().getAddress().getHostAddress());
		exchange.getResponseHeaders().set("Connection", "close");
		exchange.sendResponseHeaders(200, body.length);
		exchange.getResponseBody().write(body);
		exchange.close();
	}

	public static void main(String[] arguments) throws IOException {
		HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);

		System.out.println("its own option: " + System.getProperty("shop.option"));
		server.createContext("/order", Shop::answer);
		server.createContext("/ready", exchange -> exchange.sendResponseHeaders(204, -1));
		server.start();
	}
}
