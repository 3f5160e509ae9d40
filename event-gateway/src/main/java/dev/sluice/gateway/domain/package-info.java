/// How facts become events, and which service owns which path. Pure.
package dev.sluice.gateway.domain;
